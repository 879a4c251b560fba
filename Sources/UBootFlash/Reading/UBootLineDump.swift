import BoardConsoles
import FlashAccess
private import FlashModel

/// Memory as U-Boot prints it on the line, complete: lines are keyed by the address that they print, and only those that
/// are missing or damaged are asked for again.
struct UBootLineDump {
    /// Bytes of one command. Long ones cost less; a reset in the midst costs no more than this.
    static let commandSize = 16 << 10
    /// Bytes of a line.
    private static let lineSize = 16
    /// Lines that cost less than a command of their own.
    private static let closeLines = 3
    /// How often nothing new may come.
    private static let patience = 6

    /// How memory is printed.
    private(set) var format: any UBootDumpFormat
    /// Whether the format gave not one line where lines were asked for: the board does not know it.
    private(set) var isMute = false
    /// How many lines were asked for again.
    private(set) var repeatedLines = 0

    init(format: any UBootDumpFormat = UBootDumpFormats.usual) {
        self.format = format
    }

    /// Prints by another format from now on.
    mutating func use(_ format: any UBootDumpFormat) { self.format = format }

    /// Whether lines were lost or damaged.
    var hasErred: Bool { repeatedLines > 0 }

    /// The bytes from an address on.
    ///
    /// - Parameters:
    ///   - votes: how often a line must have said the same.
    ///   - earlier: what an earlier reading gave: one vote for each line.
    ///   - kept: what was read of this range before a reset broke it off; it learns what is read now.
    /// - Throws: ``UBootSession/Interruption``, `replyNotUnderstood` where lines are lost again and again, `boardSilent`.
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

    /// Asks for a run of lines, and takes those that came well.
    private mutating func ask(
        _ run: Range<Int>, of piece: DumpedLines.Piece, at address: UInt64, count: Int, _ session: UBootSession
    ) async throws {
        let first = run.lowerBound * Self.lineSize
        let size = min(run.upperBound * Self.lineSize, count) - first
        guard let start = address.plus(first) else { throw outside(address, count) }
        if format.fits(start, count: size) {
            // What it learns of the board it keeps, also where a reset breaks it off.
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

    /// Does it in one format.
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
                    // By the last line, or, where that was damaged, by the number of lines; counting long ones costs
                    // time.
                    reply.hasLine(beginningWith: lastLine)
                        || (run.count <= 64 && reply.output.count { $0 == 0x0A } > run.count)
                }
            ).reply
        } catch let interruption as UBootSession.Interruption {
            // What came before the reset need not come again.
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

    /// What a reply gave.
    private enum Understanding {
        case clear
        /// Lines, but nothing in them tells how to read them: single bytes need no order.
        case unclear
        /// Not a digit.
        case mute
    }

    /// The runs of lines that are not there. Those that lie close together are one: a command more costs as much as the
    /// lines between them.
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
    /// This many further on; nil beyond the address space.
    func plus(_ distance: Int) -> UInt64? {
        guard let distance = UInt64(exactly: distance) else { return nil }
        let (sum, overflow) = addingReportingOverflow(distance)
        return overflow ? nil : sum
    }
}

extension UBootReply {
    /// Whether its last line begins so.
    func hasLine(beginningWith text: String) -> Bool {
        let tail = output.suffix(200)
        guard let end = tail.lastIndex(of: 0x0A) else { return false }
        let line = tail[..<end].split { $0 == 0x0A || $0 == 0x0D }.last ?? []
        return line.starts(with: text.utf8) && line.count > text.utf8.count
    }
}
