import FlashModel

/// Brings the bytes of an erase block into RAM that nothing uses, and sees by the board's CRC-32 that they arrived.
final class UBootMemoryLoader {
    private static let attempts = 3

    private let session: UBootSession
    private let facts: UBootFacts
    private let lines: UBootCommands
    private let examples: UBootExamples
    /// In the order in which they are taken.
    private let loads: [any UBootLoad]
    /// Ways that failed are not tried again.
    private var givenUp: Set<String> = []

    /// How often bytes had to be sent again.
    private(set) var repeats = 0

    init(_ session: UBootSession, _ facts: UBootFacts, lines: UBootCommands, examples: UBootExamples) {
        self.session = session
        self.facts = facts
        self.lines = lines
        self.examples = examples
        // The one place where the ways are listed.
        loads = [
            YMODEMLoad(session: session, lines: lines),
            MemoryFillLoad(session: session, facts: facts, lines: lines, examples: examples),
        ]
    }

    /// Why nothing can be brought to this board; nil where it can.
    var refusal: WriteRefusal? {
        guard let help = facts.help, help.has("crc32") else {
            return WriteRefusal(
                why: "this U-Boot has no crc32: what arrived in its RAM could not be proven before flash is erased",
                next: "start an initramfs (--image) and restore through its Linux")
        }
        guard loads.contains(where: { $0.isOffered(help) }) else {
            return WriteRefusal(
                why:
                    "this U-Boot has none of \(loads.map(\.command).joined(separator: ", ")) to bring bytes to its RAM",
                next: "start an initramfs (--image) and restore through its Linux")
        }
        if case .failure(let error) = Result(catching: { try address(for: 1, outside: nil) }) {
            return WriteRefusal(
                why: (error as? FlashkeepError)?.why ?? "\(error)",
                next: "start an initramfs (--image) and restore through its Linux")
        }
        return nil
    }

    /// The command that is used first.
    var firstCommand: String? { offered.first?.command }

    private var offered: [any UBootLoad] {
        loads.filter { load in
            !givenUp.contains(load.command) && (facts.help.map(load.isOffered) ?? false)
        }
    }

    /// Brings bytes into RAM.
    ///
    /// - Parameter area: addresses that are used for something else.
    /// - Returns: the address.
    /// - Throws: `writeFailed` where they never arrive as they are; ``UBootSession/Interruption``.
    func put(_ bytes: [UInt8], outside area: Range<UInt64>?) async throws -> UInt64 {
        let memory = try address(for: bytes.count, outside: area)
        let sum = CRC32.sum(of: bytes)
        var why = ""
        for load in offered {
            for attempt in 0..<Self.attempts {
                if attempt > 0 { repeats += 1 }
                if let failure = try await load.load(bytes, to: memory) {
                    why = "\(load.command): \(failure)"
                    continue
                }
                if try await session.checksum(at: memory, count: bytes.count, lines, examples) == sum { return memory }
                why = "\(load.command): what arrived has another CRC-32"
            }
            givenUp.insert(load.command)
        }
        throw FlashkeepError(
            .writeFailed, what: "Bytes do not reach the board's RAM as they are.",
            why: why.isEmpty ? "No way to it is left." : why,
            next: "Nothing of this block was erased. Use a better line, or restore through Linux (--image).")
    }

    private func address(for count: Int, outside area: Range<UInt64>?) throws -> UInt64 {
        guard let board = facts.board else { throw Self.noPlace("bdinfo tells of no memory") }
        do {
            return try UBootLoadAddress(board).choose(
                size: UInt64(count), target: area, hints: [facts.environment?.address("loadaddr")].compactMap { $0 })
        } catch {
            throw Self.noPlace("bdinfo tells of no free place for \(ByteCount.text(count)) in RAM")
        }
    }

    private static func noPlace(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "There is no RAM on the board that is known to be free.", why: why,
            next: "Boot an initramfs (--image), and restore through its Linux.")
    }
}
