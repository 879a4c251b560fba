import FlashAccess
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
    /// The board's start, counted by the session, in which ``keepQuiet()`` was done.
    private var quietIn: Int?

    /// - Parameter network: the board's; nil where there is only the line.
    init(
        _ session: UBootSession, _ facts: UBootFacts, network: UBootNetwork?, lines: UBootCommands,
        examples: UBootExamples
    ) {
        self.session = session
        self.facts = facts
        self.lines = lines
        self.examples = examples
        // The one place where the ways are listed.
        let loads: [(any UBootLoad)?] = [
            TFTPLoad(session: session, facts: facts, network: network, lines: lines, examples: examples),
            YMODEMLoad(session: session, lines: lines),
            MemoryFillLoad(session: session, facts: facts, lines: lines, examples: examples),
        ]
        self.loads = loads.compactMap { $0 }
    }

    /// Why nothing can be brought to this board; nil where it can.
    var refusal: WriteRefusal? {
        guard facts.hasChecksum else {
            return .throughLinux(
                "this U-Boot has no crc32: data in its RAM could not be verified before flash is erased")
        }
        guard !offered.isEmpty else {
            return .throughLinux(
                "this U-Boot has none of \(loads.map(\.command).joined(separator: ", ")) to load bytes into its RAM")
        }
        do {
            _ = try facts.freeMemory(1)
            return nil
        } catch {
            return .throughLinux(error.why)
        }
    }

    /// What is used first.
    var first: (any UBootLoad)? { offered.first }

    private var offered: [any UBootLoad] {
        loads.filter { !givenUp.contains($0.command) && facts.help?.has($0.command) ?? false }
    }

    /// Brings bytes into RAM.
    ///
    /// - Parameter area: addresses that are used for something else.
    /// - Returns: the address.
    /// - Throws: `commandFailed` where they never arrive as they are; ``UBootSession/Interruption``.
    func put(_ bytes: [UInt8], outside area: Range<UInt64>?) async throws -> UInt64 {
        let memory = try facts.freeMemory(bytes.count, outside: area).lowerBound
        let sum = CRC32.sum(of: bytes)
        try await keepQuiet()
        var why = ""
        for load in offered {
            attempts: for attempt in 0..<Self.attempts {
                if attempt > 0 { session.countRetries(1) }
                switch try await load.load(bytes, to: memory) {
                case .seemsDone:
                    if try await session.checksum(at: memory, count: bytes.count, lines, examples) == sum {
                        return memory
                    }
                    why = "\(load.command): the data arrived with a wrong CRC-32"
                case .failed(let reason): why = "\(load.command): \(reason)"
                case .hopeless(let reason):
                    why = "\(load.command): \(reason)"
                    break attempts
                }
            }
            givenUp.insert(load.command)
            load.giveUp(why)
        }
        throw FlashkeepError(
            .commandFailed, what: "Data does not reach the board's RAM intact.",
            why: why.isEmpty ? "No method is left to load it." : why,
            next: "This block was not erased. Use a better line, or restore through Linux (--image).")
    }

    /// Sees that a block that looks like a kernel or a script is not started once it is loaded.
    private func keepQuiet() async throws {
        guard quietIn != session.returns else { return }
        for name in UBootEnvironment.loadStarters(in: facts.environment?.variables ?? [:]) {
            _ = try await session.ask(try lines.setEnvironment(name, "no"))
        }
        quietIn = session.returns
    }
}
