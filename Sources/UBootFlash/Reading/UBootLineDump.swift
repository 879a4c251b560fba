import BoardConsoles
import FlashAccess
private import FlashModel

/// Reads memory that U-Boot prints over the line. Lines are matched by their printed address, and only missing or
/// damaged ones are requested again.
struct UBootLineDump {
    /// The bytes per command. Long commands are cheaper, and a reset during one loses no more than this.
    static let commandSize = 16 << 10
    /// The bytes per line.
    private static let lineSize = 16
    /// The number of lines that cost less than another command.
    private static let closeLines = 3
    /// The number of fruitless attempts in a row after which to give up.
    private static let patience = 6

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
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var done = 0
        while done < count {
            let size = min(Self.commandSize, count - done)
            guard let start = address.plus(done) else { throw outside(address, count) }
            let piece = kept.piece(at: done, lines: (size + Self.lineSize - 1) / Self.lineSize)
            if let earlier, earlier.count == count {
                for index in 0..<piece.count {
                    let first = done + index * Self.lineSize
                    piece.take(Array(earlier[first..<min(count, first + Self.lineSize)]), ofLine: index)
                }
            }
            result += try await bytes(of: piece, at: start, count: size, votes: votes, session)
            done += size
        }
        return result
    }

    private mutating func bytes(
        of piece: DumpedLines.Piece, at address: UInt64, count: Int, votes: Int, _ session: UBootSession
    ) async throws -> [UInt8] {
        var fruitless = 0
        while true {
            let missing = Self.runs(piece, votes: votes)
            guard !missing.isEmpty else { break }
            if piece.readings >= votes { repeatedLines += missing.reduce(0) { $0 + $1.count } }
            let before = piece.taken
            for run in missing {
                try await ask(run, of: piece, at: address, count: count, session)
            }
            piece.readings += 1
            fruitless = piece.taken == before ? fruitless + 1 : 0
            if fruitless >= Self.patience { throw lost(address) }
        }
        return (0..<piece.count).flatMap { piece.settled($0, votes: votes) ?? [] }
    }

    /// Requests a run of lines, and keeps those that arrive intact.
    private mutating func ask(
        _ run: Range<Int>, of piece: DumpedLines.Piece, at address: UInt64, count: Int, _ session: UBootSession
    ) async throws {
        let first = run.lowerBound * Self.lineSize
        let size = min(run.upperBound * Self.lineSize, count) - first
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
        let first = run.lowerBound * Self.lineSize
        let size = min(run.upperBound * Self.lineSize, count) - first
        guard let start = address.plus(first) else { throw outside(address, count) }
        let lastLine = format.lastLine(at: address.plus((run.upperBound - 1) * Self.lineSize) ?? address)
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
        for index in run {
            guard let key = address.plus(index * lineSize), let bytes = lines[key],
                bytes.count == min(lineSize, count - index * lineSize)
            else { continue }
            piece.take(bytes, ofLine: index)
        }
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

    /// The runs of missing lines. Nearby runs are joined, because another command costs as much as the lines between
    /// them.
    private static func runs(_ piece: DumpedLines.Piece, votes: Int) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for index in 0..<piece.count where piece.settled(index, votes: votes) == nil {
            if let last = result.last, index - last.upperBound <= Self.closeLines {
                result[result.count - 1] = last.lowerBound..<(index + 1)
            } else {
                result.append(index..<(index + 1))
            }
        }
        return result
    }

    private func lost(_ address: UInt64) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood,
            what: "The memory at \(ByteCount.hex(Int(clamping: address))) could not be read over the line.",
            why: "Lines of \(format.name) were repeatedly lost or damaged.",
            next: "Check the cable and the ground wire, or use a slower rate.")
    }

    private func outside(_ address: UInt64, _ count: Int) -> FlashkeepError {
        FlashkeepError(
            .internalFault, what: "A range of memory ends beyond the address space.",
            why: "\(count) bytes from \(UBootCommands.hex(address)).", next: "Please report this.")
    }
}

extension UInt64 {
    /// The sum; nil if it is beyond the address space.
    func plus(_ distance: Int) -> UInt64? {
        guard let distance = UInt64(exactly: distance) else { return nil }
        let (sum, overflow) = addingReportingOverflow(distance)
        return overflow ? nil : sum
    }
}

extension UBootReply {
    /// Whether its last complete line begins with a text and continues after it.
    func hasLine(beginningWith text: String) -> Bool {
        let tail = output.suffix(200)
        guard let end = tail.lastIndex(of: 0x0A) else { return false }
        let line = tail[..<end].split { $0 == 0x0A || $0 == 0x0D }.last ?? []
        return line.starts(with: text.utf8) && line.count > text.utf8.count
    }
}
