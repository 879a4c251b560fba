import BoardConsoles
import FlashAccess
import FlashModel

/// Reads memory that RedBoot prints, in the cheapest format that the board has and that proves to work, until it matches
/// the board's own `cksum`.
final class RedBootMemoryPrinter {
    /// The bytes per command. Nothing stops a dump, so a long one that is not wanted takes its time.
    static let commandSize = 4 << 10

    private let session: RedBootSession
    private let help: RedBootHelp?
    private let hasChecksum: Bool
    private(set) var format: RedBootDumpFormat
    /// The number of repeated lines.
    private var repeatedLines = 0

    init(_ session: RedBootSession, _ facts: RedBootFacts) {
        self.session = session
        help = facts.help
        hasChecksum = facts.hasChecksum
        format = RedBootDumpFormat.records.isListed(facts.help) ? .records : .bytes
    }

    /// Memory as printed by RedBoot.
    ///
    /// - Parameters:
    ///   - sum: the key of its checksum, if it is known (``FlashAccess/ContentChecksum``).
    ///   - kept: what was read of it before.
    /// - Throws: ``RedBootSession/Interruption``; `replyNotUnderstood`, `boardSilent`.
    func bytes(at address: UInt64, count: Int, sum: UInt32?, kept: DumpedLines) async throws -> [UInt8] {
        let earlier = repeatedLines
        defer { session.countRetries(repeatedLines - earlier) }
        guard let sum else {
            // Without a checksum, two readings of each line must agree once this line has shown errors. A record has a
            // checksum, and the characters of a plain dump repeat most of the bytes.
            let votes = repeatedLines > 0 ? 2 : 1
            return try await dump(at: address, count: count, votes: votes, earlier: nil, kept: kept)
        }
        return try await CheckedDump.bytes(count: count, sum: sum, own: { ContentChecksum.cksum.key(of: $0) }) {
            part in
            try await session.key(at: try Self.address(address, part), count: part.count)
        } dump: { part, votes, earlier in
            // Abandon a format that is wrong repeatedly.
            if votes > 3 { format = .bytes }
            return try await dump(
                at: try Self.address(address, part), count: part.count, votes: votes, earlier: earlier,
                kept: earlier == nil ? kept : DumpedLines())
        }
    }

    private static func address(_ start: UInt64, _ part: Range<Int>) throws -> UInt64 {
        guard let address = start.plus(part.lowerBound) else { throw RedBootCommandFault.badRange }
        return address
    }

    private func dump(
        at address: UInt64, count: Int, votes: Int, earlier: [UInt8]?, kept: DumpedLines
    ) async throws -> [UInt8] {
        var reading = DumpReading(commandSize: Self.commandSize, votes: votes)
        defer { repeatedLines += reading.repeatedLines }
        return try await reading.bytes(
            at: address, count: count, earlier: earlier, kept: kept, name: format.name
        ) { run, piece, start, size in
            let lineSize = DumpedLines.lineSize
            // A last line of fewer bytes is a command of its own.
            let isUneven =
                run.count > 1 && !format.fits(min(run.upperBound * lineSize, size) - run.lowerBound * lineSize)
            let runs =
                isUneven ? [run.lowerBound..<run.upperBound - 1, run.upperBound - 1..<run.upperBound] : [run]
            for run in runs { try await ask(run, of: piece, at: start, size: size) }
        }
    }

    /// Requests a run of lines, and keeps those that arrive intact.
    private func ask(_ run: Range<Int>, of piece: DumpedLines.Piece, at address: UInt64, size: Int) async throws {
        let lineSize = DumpedLines.lineSize
        let first = run.lowerBound * lineSize
        let end = min(run.upperBound * lineSize, size)
        let last = (run.upperBound - 1) * lineSize
        guard let start = address.plus(first), let lastAddress = address.plus(last) else {
            throw RedBootCommandFault.badRange
        }
        let format = format
        let command = try format.command(at: start, count: end - first, session.commands)
        let lastLine = format.lineStart(at: lastAddress, count: end - last)
        session.examples.note(command)
        do {
            let answer = try await session.say(
                command, pause: session.timing.settled, isBulk: true,
                accepts: { reply in
                    // Ends with the last line or, if that was damaged, when enough lines have arrived; counting long
                    // replies takes time.
                    reply.hasLine(beginningWith: lastLine)
                        || (run.count <= 64 && reply.output.count { $0 == 0x0A } > run.count)
                })
            let lines = format.lines(of: answer.reply)
            // A board that prints other lines has no such option.
            if lines.isEmpty, format == .records, answer.isWhole { self.format = .bytes }
            piece.take(lines, of: run, from: address, size: size)
        } catch let interruption as RedBootSession.Interruption {
            // Lines from before the reset need not be sent again.
            piece.take(format.lines(of: interruption.heard), of: run, from: address, size: size)
            throw interruption
        }
    }
}

extension RedBootSession {
    /// The key of memory's checksum, as ``FlashAccess/ContentChecksum/cksum`` has it.
    ///
    /// - Throws: ``Interruption``, `replyNotUnderstood`, `boardSilent`.
    func key(at address: UInt64, count: Int) async throws -> UInt32 {
        POSIXChecksum.mirrored(try await checksum(at: address, count: count), count: count)
    }
}
