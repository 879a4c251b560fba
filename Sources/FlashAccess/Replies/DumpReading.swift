import FlashModel

/// Reads memory that a bootloader prints in lines of 16 bytes. Only missing or damaged lines are requested again.
package struct DumpReading {
    /// The number of lines that cost less than another command.
    private static let closeLines = 3
    /// The number of fruitless attempts in a row after which to give up.
    private static let patience = 6

    /// The bytes per command. Long commands are cheaper, and a reset during one loses no more than this.
    private let commandSize: Int
    /// How many readings of a line must agree.
    private let votes: Int
    /// The number of repeated lines.
    package private(set) var repeatedLines = 0

    package init(commandSize: Int, votes: Int) {
        self.commandSize = commandSize
        self.votes = votes
    }

    /// Reads the bytes from an address on.
    ///
    /// - Parameters:
    ///   - earlier: an earlier reading, which counts as one vote per line.
    ///   - kept: what was read of this range before a reset interrupted it; everything read now is added.
    ///   - name: of the printing command, for the error.
    ///   - ask: requests a run of lines of a piece, which begins at an address and has so many bytes, and adds what
    ///     arrives.
    /// - Throws: `replyNotUnderstood` if lines are lost repeatedly; what `ask` throws.
    package mutating func bytes(
        at address: UInt64, count: Int, earlier: [UInt8]?, kept: DumpedLines, name: String,
        ask: (_ run: Range<Int>, _ piece: DumpedLines.Piece, _ start: UInt64, _ size: Int) async throws -> Void
    ) async throws -> [UInt8] {
        let lineSize = DumpedLines.lineSize
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var done = 0
        while done < count {
            let size = min(commandSize, count - done)
            guard let start = address.plus(done), start.plus(size) != nil else { throw outside(address, count) }
            let piece = kept.piece(at: done, lines: (size + lineSize - 1) / lineSize)
            if let earlier, earlier.count == count {
                for index in 0..<piece.count {
                    let first = done + index * lineSize
                    piece.take(Array(earlier[first..<min(count, first + lineSize)]), ofLine: index)
                }
            }
            try await read(piece, at: start, name: name) { try await ask($0, piece, start, size) }
            result += (0..<piece.count).flatMap { piece.settled($0, votes: votes) ?? [] }
            done += size
        }
        return result
    }

    private mutating func read(
        _ piece: DumpedLines.Piece, at address: UInt64, name: String, ask: (Range<Int>) async throws -> Void
    ) async throws {
        var fruitless = 0
        while true {
            let missing = runs(piece)
            guard !missing.isEmpty else { return }
            if piece.readings >= votes { repeatedLines += missing.reduce(0) { $0 + $1.count } }
            // A run may hold lines that have arrived already; another reading of those is no progress.
            let open = (0..<piece.count).filter { piece.settled($0, votes: votes) == nil }
            let before = piece.taken(of: open)
            for run in missing { try await ask(run) }
            piece.readings += 1
            fruitless = piece.taken(of: open) == before ? fruitless + 1 : 0
            if fruitless >= Self.patience { throw lost(address, name) }
        }
    }

    /// The runs of missing lines. Nearby runs are joined, because another command costs as much as the lines between
    /// them.
    private func runs(_ piece: DumpedLines.Piece) -> [Range<Int>] {
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

    private func lost(_ address: UInt64, _ name: String) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood,
            what: "The memory at \(ByteCount.hex(Int(clamping: address))) could not be read over the line.",
            why: "Lines of \(name) were repeatedly lost or damaged.",
            next: "Check the cable and the ground wire, or use a slower rate.")
    }

    private func outside(_ address: UInt64, _ count: Int) -> FlashkeepError {
        FlashkeepError(
            .internalFault, what: "A range of memory ends beyond the address space.",
            why: "\(count) bytes from \(ByteCount.hex(Int(clamping: address))).", next: "Please report this.")
    }
}

/// Reads memory that a bootloader prints until it has the board's own checksum.
package enum CheckedDump {
    /// The most readings of a line that must agree, if the checksum contradicts a dump.
    private static let mostVotes = 5

    /// - Parameters:
    ///   - sum: the checksum of all bytes, as the board reported it.
    ///   - own: the checksum of bytes.
    ///   - ask: asks the board for the checksum of a range, counted from the first byte.
    ///   - dump: reads a range; so many readings of each line must agree, of which one is the given earlier one.
    /// - Returns: the bytes. If the memory returns something else each time, its checksum differs; the proof will show
    ///   that.
    package static func bytes(
        count: Int, sum: UInt32, own: ([UInt8]) -> UInt32, ask: (Range<Int>) async throws -> UInt32,
        dump: (_ range: Range<Int>, _ votes: Int, _ earlier: [UInt8]?) async throws -> [UInt8]
    ) async throws -> [UInt8] {
        var bytes = try await dump(0..<count, 1, nil)
        // A digit of either may have been changed in transit.
        if own(bytes) == sum { return bytes }
        if try await ask(0..<count) == own(bytes) { return bytes }
        for start in stride(from: 0, to: count, by: KnownContent.step) {
            let part = start..<min(count, start + KnownContent.step)
            var settled = Array(bytes[part])
            for votes in 2...mostVotes {
                if try await ask(part) == own(settled) { break }
                settled = try await dump(part, votes, settled)
            }
            bytes.replaceSubrange(part, with: settled)
        }
        return bytes
    }
}
