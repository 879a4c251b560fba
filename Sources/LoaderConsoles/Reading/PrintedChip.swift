import BoardConsoles
package import FlashAccess
import FlashModel

/// Reads a chip that a bootloader prints, in lines that carry their addresses. Missing and damaged lines are requested
/// again.
///
/// Without a checksum on the board, a second reading of everything is the proof. It is cut elsewhere than the first, so
/// that what goes wrong at the end of a command does not go wrong at the same place twice.
package final class PrintedChip: LoaderChipReading {
    private let session: LoaderSession
    private let printing: any LoaderPrinting
    /// In bytes, a multiple of 16.
    private let size: Int
    private let store: ContentStore
    package let checksum: (any LoaderChecksum)?
    /// The number of repeated lines.
    private var repeatedLines = 0
    /// The chunks that were read an odd number of times, by their offsets.
    private var readOnce: Set<Int> = []

    /// The characters of one question for a checksum: its echo, the reply and the prompt.
    private static let question = 110

    /// - Parameters:
    ///   - size: of the chip in bytes; what lies behind the last multiple of 16 is not readable.
    ///   - store: content that need not be transferred again, if the board computes checksums.
    package init(
        _ session: LoaderSession, _ printing: any LoaderPrinting, size: Int, checksum: (any LoaderChecksum)? = nil,
        store: ContentStore
    ) {
        self.session = session
        self.printing = printing
        self.size = size / DumpedLines.lineSize * DumpedLines.lineSize
        self.checksum = checksum
        self.store = store
    }

    package var name: String { printing.name + (checksum == nil ? "" : ", known content by crc32") }
    package var cost: Int? { printing.lineLength * 100 / DumpedLines.lineSize }

    package func read(_ range: Range<Int>, each: (FlashChunk) async throws -> Void) async throws {
        try await read(range, isAgain: nil, each: each)
    }

    /// - Parameter isAgain: whether the range was read before, perhaps in another way; nil if only this way counts.
    func read(
        _ range: Range<Int>, isAgain: Bool?, each: (FlashChunk) async throws -> Void
    ) async throws {
        let inside = range.clamped(to: 0..<size)
        if !inside.isEmpty {
            if let checksum {
                try await read(inside, checksum, each: each)
            } else {
                for part in inside.cut(atMultiplesOf: printing.chunkSize) {
                    try await each(try await printed(part, isAgain))
                }
            }
        }
        let outside = max(range.lowerBound, size)..<max(range.upperBound, size)
        if !outside.isEmpty {
            try await each(.unread(outside, "\(printing.name) prints whole lines of 16 bytes only"))
        }
    }

    private func read(
        _ range: Range<Int>, _ checksum: any LoaderChecksum, each: (FlashChunk) async throws -> Void
    ) async throws {
        // The part before the first whole chunk is planned separately, so that chunks are those of other backups.
        let chunk = printing.chunkSize
        let whole = min(range.upperBound, (range.lowerBound + chunk - 1) / chunk * chunk)
        for part in [range.lowerBound..<whole, whole..<range.upperBound] where !part.isEmpty {
            try await store.read(
                part, chunkSize: chunk,
                costs: ChunkPlan.Costs(question: Self.question, dumpedLine: printing.lineLength), by: .crc32
            ) { part, _ in
                try await session.surviving { try await checksum.crc32(part) }
            } dump: { part, _, sum in
                guard let sum else { return try await printed(part, nil) }
                return try await printed(part, sum: sum, checksum)
            } each: { chunk in
                try await each(chunk)
            }
        }
    }

    // MARK: Printing

    /// Whole lines around a range.
    private func lines(around range: Range<Int>) -> Range<Int> {
        let line = DumpedLines.lineSize
        return range.lowerBound / line * line..<(range.upperBound + line - 1) / line * line
    }

    /// A range within one chunk, or the replacement for it if it is unreadable.
    private func printed(_ range: Range<Int>, _ isAgain: Bool?) async throws -> FlashChunk {
        let outer = lines(around: range)
        let kept = DumpedLines()
        let isAgain = isAgain ?? readOnce.contains(outer.lowerBound)
        let bytes = try await session.surviving(achieved: { kept.taken }) { () async throws -> Readout in
            switch try await printing.locate(outer, isAgain: isAgain) {
            case .unread(let why): return .unread(why)
            case .at(let address):
                // Once this line has shown errors, two readings of each line must agree.
                return .bytes(
                    try await dump(
                        outer, at: address, votes: repeatedLines > 0 ? 2 : 1, earlier: nil, kept: kept,
                        isAgain: isAgain))
            }
        }
        if readOnce.remove(outer.lowerBound) == nil { readOnce.insert(outer.lowerBound) }
        switch bytes {
        case .unread(let why): return .unread(range, why)
        case .bytes(let bytes):
            return chunk(range, Array(bytes[range.shifted(by: -outer.lowerBound)]))
        }
    }

    /// What became of a range.
    private enum Readout {
        case bytes([UInt8])
        case unread(String)
    }

    /// The same, until it has the board's own checksum.
    private func printed(
        _ range: Range<Int>, sum: UInt32, _ checksum: any LoaderChecksum
    ) async throws -> FlashChunk {
        let kept = DumpedLines()
        return try await session.surviving(achieved: { kept.taken }) {
            let bytes = try await CheckedDump.bytes(count: range.count, sum: sum, own: { CRC32.sum(of: $0) }) { part in
                let wanted = part.shifted(by: range.lowerBound)
                guard let sum = try await checksum.crc32(wanted) else { throw unreadable(wanted) }
                return sum
            } dump: { part, votes, earlier in
                let wanted = part.shifted(by: range.lowerBound)
                let outer = lines(around: wanted)
                guard case .at(let address) = try await printing.locate(outer, isAgain: votes > 2) else {
                    throw unreadable(wanted)
                }
                let bytes = try await dump(
                    outer, at: address, votes: votes, earlier: outer == wanted ? earlier : nil,
                    kept: earlier == nil ? kept : DumpedLines(), isAgain: votes > 2)
                return Array(bytes[wanted.shifted(by: -outer.lowerBound)])
            }
            return chunk(range, bytes)
        }
    }

    /// The bytes of a range, with what the bootloader printed as unreadable.
    private func chunk(_ range: Range<Int>, _ bytes: [UInt8]) -> FlashChunk {
        FlashChunk(
            offset: range.lowerBound, bytes: bytes,
            findings: printing.holes(in: range).map { hole in
                BlockFinding(
                    offset: hole.lowerBound, size: hole.count, state: .unread,
                    detail: "\(printing.name) shows these bytes as unreadable")
            })
    }

    private func unreadable(_ range: Range<Int>) -> FlashkeepError {
        FlashkeepError(
            .unreadable, what: "The flash at \(ByteCount.hex(range.lowerBound)) can no longer be read.",
            why: "\(session.dialect.name) has computed its checksum a moment ago.",
            next: "Run the same command again; if it fails again, the flash is failing.")
    }

    private func dump(
        _ outer: Range<Int>, at address: UInt64, votes: Int, earlier: [UInt8]?, kept: DumpedLines, isAgain: Bool
    ) async throws -> [UInt8] {
        let line = DumpedLines.lineSize
        let whole = max(line, printing.commandSize)
        let size = isAgain ? max(line, whole * 3 / 4 / line * line) : whole
        var reading = DumpReading(commandSize: size, votes: votes)
        defer {
            repeatedLines += reading.repeatedLines
            session.countRetries(reading.repeatedLines)
        }
        return try await reading.bytes(
            at: address, count: outer.count, earlier: earlier, kept: kept, name: printing.name
        ) { run, piece, start, size in
            try await ask(run, of: piece, at: start, size: size)
        }
    }

    /// Requests a run of lines, and keeps those that arrive intact.
    private func ask(_ run: Range<Int>, of piece: DumpedLines.Piece, at address: UInt64, size: Int) async throws {
        let line = DumpedLines.lineSize
        guard let start = address.plus(run.lowerBound * line), let last = address.plus((run.upperBound - 1) * line)
        else { throw outside(address) }
        let command = try printing.command(at: start, count: run.count * line)
        let lastLine = printing.lineStart(at: last)
        session.examples.note(command)
        do {
            let answer = try await session.say(
                command, pause: session.timing.settled, isBulk: true,
                accepts: { reply in
                    // Ends with the last line or, if that was damaged, when enough lines have arrived; counting long
                    // replies takes time.
                    reply.hasLine(beginningWith: lastLine)
                        || (run.count <= 64 && reply.output.count { $0 == 0x0A } > run.count + 1)
                })
            piece.take(printing.lines(of: answer.reply), of: run, from: address, size: size)
        } catch let interruption as BoardInterruption {
            // Lines from before the reset need not be sent again.
            piece.take(printing.lines(of: interruption.heard), of: run, from: address, size: size)
            throw interruption
        }
    }

    private func outside(_ address: UInt64) -> FlashkeepError {
        FlashkeepError(
            .internalFault, what: "A range of memory ends beyond the address space.",
            why: "It begins at \(ByteCount.hex(Int(clamping: address))).", next: "Please report this.")
    }
}
