import FlashAccess
import FlashModel
import LoaderConsoles

/// Prints flash that FLR has copied to RAM.
///
/// If FLR does nothing, because its question was answered by something else, RAM still holds what an earlier copy has left
/// there, and a dump of it looks like flash (notes of owners of RTL8196E). So the RAM must change with the copy: its first
/// line is compared before and after. Where it does not change, because flash holds what was there before, another part of
/// the flash is copied first. The second reading uses other RAM.
final class RealtekCopyPrinter: LoaderPrinting {
    private let session: LoaderSession
    private let dump: RealtekMemoryDump
    private let size: Int
    let memory: Range<UInt64>
    private let most: Int
    private let commands = RealtekCommands()

    /// The words of a copy that was made.
    private static let success = "Flash Read Successed!"

    /// - Parameters:
    ///   - size: of the chip in bytes, a multiple of 16.
    ///   - memory: free RAM.
    ///   - most: bytes to copy at once.
    init(
        _ session: LoaderSession, _ dump: RealtekMemoryDump, size: Int, memory: Range<UInt64>?, most: Int = 64 << 10
    ) {
        self.session = session
        self.dump = dump
        self.size = size
        self.memory = memory ?? RealtekFacts.usualMemory
        self.most = most
    }

    var name: String { "FLR, \(dump.name)" }
    var lineLength: Int { dump.lineLength }
    var chunkSize: Int { min(most, max(16, memory.count / 2 / 16 * 16)) }

    /// Where a reading is copied to: the second one to the other half of the memory.
    func address(isAgain: Bool) throws -> UInt64 {
        guard let address = memory.lowerBound.plus(isAgain ? memory.count / 32 * 16 : 0) else {
            throw RealtekCommandFault.badRange
        }
        return address
    }

    func locate(_ range: Range<Int>, isAgain: Bool) async throws -> LoaderPlace {
        guard range.count <= chunkSize else { throw RealtekCommandFault.badRange }
        let address = try address(isAgain: isAgain)
        try await dump.prepare(at: address)
        let before = try await dump.line(at: address)
        try await copy(range, to: address)
        let after = try await dump.line(at: address)
        if after != before { return .at(address) }
        // Flash may hold what was there already. If something else can be copied there, and this again, FLR acts.
        for offset in others(than: range) {
            try await copy(offset..<offset + 16, to: address)
            guard try await dump.line(at: address) != after else { continue }
            try await copy(range, to: address)
            guard try await dump.line(at: address) == after else { break }
            return .at(address)
        }
        throw FlashkeepError(
            .unreadable, what: "The flash at \(ByteCount.hex(range.lowerBound)) was not proven to be read.",
            why: "FLR reports success, and the RAM to which it copies does not change.",
            next:
                "If you know where the flash is mapped, give it, such as --flash nor:0xbd000000+4M; otherwise read it "
                + "from Linux.")
    }

    func command(at address: UInt64, count: Int) throws -> String { try dump.command(at: address, count: count) }
    func lineStart(at address: UInt64) -> String { dump.lineStart(at: address) }
    func lines(of reply: ConsoleReply) -> [UInt64: [UInt8]] { dump.lines(of: reply) }

    /// Lines of the flash that may differ from the first one of a range: its loader's code, and others.
    private func others(than range: Range<Int>) -> [Int] {
        let candidates = [
            0, 16, 0x100, 0x1000, range.lowerBound + 16, range.lowerBound + range.count / 2 / 16 * 16,
            size / 2 / 16 * 16,
            size - 16,
        ]
        return candidates.filter { $0 >= 0 && $0 + 16 <= size && $0 != range.lowerBound }
    }

    private func copy(_ range: Range<Int>, to address: UInt64) async throws {
        let (command, question) = try commands.readFlash(to: address, at: range.lowerBound, count: range.count)
        session.examples.note(command)
        _ = try await session.ask(command, silence: .seconds(30), question: question) { reply in
            reply.lines.contains { $0.trimmed == ByteText(Self.success) }
        }
    }
}
