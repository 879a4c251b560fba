import BoardConsoles
import FlashAccess
import FlashModel

/// Reads memory that U-Boot prints over the line. Lines are matched by their printed address, and only missing or
/// damaged ones are requested again.
struct UBootLineDump {
    /// The bytes per command. Long commands are cheaper, and a reset during one loses no more than this.
    static let commandSize = 16 << 10

    /// The format in which memory is printed.
    private(set) var format: any UBootDumpFormat
    /// Whether the format printed no line at all, because the board does not have its command.
    private(set) var isMute = false
    /// The number of repeated lines.
    private(set) var repeatedLines = 0

    init(format: any UBootDumpFormat = UBootDumpFormats.usual) {
        self.format = format
    }

    /// Prints in another format from now on.
    mutating func use(_ format: any UBootDumpFormat) { self.format = format }

    /// Whether lines were lost or damaged.
    var hasErred: Bool { repeatedLines > 0 }

    /// Reads the bytes from an address on.
    ///
    /// - Parameters:
    ///   - votes: how many readings of a line must agree.
    ///   - earlier: an earlier reading, which counts as one vote per line.
    ///   - kept: what was read of this range before a reset interrupted it; everything read now is added.
    /// - Throws: ``UBootSession/Interruption``, `replyNotUnderstood` if lines are lost repeatedly, `boardSilent`.
    mutating func bytes(
        at address: UInt64, count: Int, votes: Int = 1, earlier: [UInt8]? = nil, kept: DumpedLines = DumpedLines(),
        _ session: UBootSession
    ) async throws -> [UInt8] {
        var reading = DumpReading(commandSize: Self.commandSize, votes: votes)
        defer { repeatedLines += reading.repeatedLines }
        return try await reading.bytes(at: address, count: count, earlier: earlier, kept: kept, name: format.name) {
            try await ask($0, of: $1, at: $2, count: $3, session)
        }
    }

    /// Requests a run of lines, and keeps those that arrive intact.
    private mutating func ask(
        _ run: Range<Int>, of piece: DumpedLines.Piece, at address: UInt64, count: Int, _ session: UBootSession
    ) async throws {
        let first = run.lowerBound * DumpedLines.lineSize
        let size = min(run.upperBound * DumpedLines.lineSize, count) - first
        guard let start = address.plus(first) else { throw outside(address, count) }
        if format.fits(start, count: size) {
            // Keep what the format learns of the board, even if a reset interrupts it.
            var used = format
            defer { format = used }
            switch try await ask(run, of: piece, at: address, count: count, by: &used, session) {
            case .clear: return
            case .unclear: break
            case .mute: isMute = true
            }
        }
        var plain = UBootDumpFormats.plain
        _ = try await ask(run, of: piece, at: address, count: count, by: &plain, session)
    }

    /// Requests the lines in one format.
    private func ask(
        _ run: Range<Int>, of piece: DumpedLines.Piece, at address: UInt64, count: Int,
        by format: inout any UBootDumpFormat, _ session: UBootSession
    ) async throws -> Understanding {
        let first = run.lowerBound * DumpedLines.lineSize
        let size = min(run.upperBound * DumpedLines.lineSize, count) - first
        guard let start = address.plus(first) else { throw outside(address, count) }
        let lastLine = format.lastLine(at: address.plus((run.upperBound - 1) * DumpedLines.lineSize) ?? address)
        let reply: UBootReply
        do {
            reply = try await session.say(
                try format.command(at: start, count: size, session.commands), pause: session.timing.settled,
                isBulk: true,
                question: format.question,
                accepts: { reply in
                    // Ends with the last line or, if that was damaged, when enough lines have arrived; counting long
                    // replies takes time.
                    reply.hasLine(beginningWith: lastLine)
                        || (run.count <= 64 && reply.output.count { $0 == 0x0A } > run.count)
                }
            ).reply
        } catch let interruption as UBootSession.Interruption {
            // Lines from before the reset need not be sent again.
            _ = Self.take(interruption.heard, &format, run, of: piece, at: address, count: count)
            throw interruption
        }
        return Self.take(reply, &format, run, of: piece, at: address, count: count)
    }

    private static func take(
        _ reply: UBootReply, _ format: inout any UBootDumpFormat, _ run: Range<Int>, of piece: DumpedLines.Piece,
        at address: UInt64, count: Int
    ) -> Understanding {
        guard let lines = format.lines(of: reply) else {
            return reply.output.contains { ByteText.hexadecimalValue($0) != nil } ? .unclear : .mute
        }
        piece.take(lines, of: run, from: address, size: count)
        return .clear
    }

    /// How a reply was understood.
    private enum Understanding {
        case clear
        /// It has lines, but nothing in them shows the byte order; single bytes need none.
        case unclear
        /// It has no digits.
        case mute
    }

    private func outside(_ address: UInt64, _ count: Int) -> FlashkeepError {
        FlashkeepError(
            .internalFault, what: "A range of memory ends beyond the address space.",
            why: "\(count) bytes from \(UBootCommands.hex(address)).", next: "Please report this.")
    }
}
