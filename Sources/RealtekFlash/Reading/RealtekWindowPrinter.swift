import FlashAccess
import FlashModel
import LoaderConsoles

/// Prints flash where it is mapped.
final class RealtekWindowPrinter: LoaderPrinting {
    private let dump: RealtekMemoryDump
    private let base: UInt64

    init(_ dump: RealtekMemoryDump, base: UInt64) {
        self.dump = dump
        self.base = base
    }

    var name: String { dump.name }
    var lineLength: Int { dump.lineLength }

    func locate(_ range: Range<Int>, isAgain: Bool) async throws -> LoaderPlace {
        guard let address = base.plus(range.lowerBound) else { throw RealtekCommandFault.badRange }
        try await dump.prepare(at: address)
        return .at(address)
    }

    func command(at address: UInt64, count: Int) throws -> String { try dump.command(at: address, count: count) }
    func lineStart(at address: UInt64) -> String { dump.lineStart(at: address) }
    func lines(of reply: ConsoleReply) -> [UInt64: [UInt8]] { dump.lines(of: reply) }
}
