import FlashModel

/// The readings of each line of a dump.
///
/// It outlives a reset of the board: a watchdog that fires every few seconds never lets a long dump finish, but each
/// line needs to arrive only once.
package final class DumpedLines {
    /// The bytes per line.
    package static let lineSize = 16

    /// The lines of each command, by its offset in the range.
    private var pieces: [Int: Piece] = [:]

    package init() {}

    /// The number of readings so far, of all lines.
    package var taken: Int { pieces.values.reduce(0) { $0 + $1.taken } }

    /// Returns the lines of one command.
    ///
    /// - Parameters:
    ///   - offset: in bytes from the start of the range.
    ///   - count: the number of lines.
    package func piece(at offset: Int, lines count: Int) -> Piece {
        if let piece = pieces[offset], piece.count == count { return piece }
        let piece = Piece(lines: count)
        pieces[offset] = piece
        return piece
    }

    /// The lines that one command prints.
    package final class Piece {
        private var lines: [Line]
        /// The number of readings so far, of all lines.
        package private(set) var taken = 0
        /// How often all missing lines have been requested.
        package var readings = 0

        package init(lines count: Int) {
            lines = [Line](repeating: Line(), count: count)
        }

        /// The number of lines.
        package var count: Int { lines.count }

        /// Adds a reading of a line.
        ///
        /// - Parameter index: of the line; ignored if out of range.
        package func take(_ bytes: [UInt8], ofLine index: Int) {
            guard lines.indices.contains(index) else { return }
            lines[index].take(bytes)
            taken += 1
        }

        /// Adds readings of whole lines, by their addresses; others are ignored.
        ///
        /// - Parameters:
        ///   - run: the lines that were requested.
        ///   - address: of the first line of the piece.
        ///   - size: of the piece in bytes.
        package func take(_ readings: [UInt64: [UInt8]], of run: Range<Int>, from address: UInt64, size: Int) {
            for index in run {
                guard let key = address.plus(index * DumpedLines.lineSize), let bytes = readings[key],
                    bytes.count == min(DumpedLines.lineSize, size - index * DumpedLines.lineSize)
                else { continue }
                take(bytes, ofLine: index)
            }
        }

        /// The number of readings so far, of these lines.
        package func taken(of indices: [Int]) -> Int {
            indices.reduce(0) { $0 + (lines.indices.contains($1) ? lines[$1].count : 0) }
        }

        /// The most frequent reading of a line, if it has enough votes.
        package func settled(_ index: Int, votes: Int) -> [UInt8]? {
            guard lines.indices.contains(index), lines[index].mostCount >= votes else { return nil }
            return lines[index].most
        }
    }

    private struct Line {
        /// The most frequent reading, the first one if there are several, and its count.
        private(set) var most: [UInt8] = []
        private(set) var mostCount = 0
        /// The number of readings.
        private(set) var count = 0
        /// The counts of all other readings.
        private var others: [[UInt8]: Int] = [:]

        mutating func take(_ bytes: [UInt8]) {
            count += 1
            if mostCount == 0 || bytes == most {
                most = bytes
                mostCount += 1
                return
            }
            let votes = others.removeValue(forKey: bytes).map { $0 + 1 } ?? 1
            guard votes > mostCount else {
                others[bytes] = votes
                return
            }
            others[most] = mostCount
            (most, mostCount) = (bytes, votes)
        }
    }
}
