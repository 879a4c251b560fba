/// What the lines of a dump said, each time that they were read.
///
/// It outlives the reset of a board: a watchdog that bites every few seconds never lets a long dump end, but each of its
/// lines needs to come through only once.
package final class DumpedLines {
    /// Where in the range a command begins → its lines.
    private var pieces: [Int: Piece] = [:]

    package init() {}

    /// Readings of lines so far.
    package var taken: Int { pieces.values.reduce(0) { $0 + $1.taken } }

    /// The lines of one command.
    ///
    /// - Parameters:
    ///   - offset: in bytes from the start of the range.
    ///   - count: of lines.
    package func piece(at offset: Int, lines count: Int) -> Piece {
        if let piece = pieces[offset], piece.count == count { return piece }
        let piece = Piece(lines: count)
        pieces[offset] = piece
        return piece
    }

    /// Lines that one command prints.
    package final class Piece {
        private var lines: [Line]
        /// Readings of lines so far.
        package private(set) var taken = 0
        /// How often all that was missing has been asked for.
        package var readings = 0

        package init(lines count: Int) {
            lines = [Line](repeating: Line(), count: count)
        }

        /// Lines of it.
        package var count: Int { lines.count }

        /// - Parameter index: a line that the piece has not is left alone.
        package func take(_ bytes: [UInt8], ofLine index: Int) {
            guard lines.indices.contains(index) else { return }
            lines[index].take(bytes)
            taken += 1
        }

        /// What a line said most often, if it was as often as is wanted.
        package func settled(_ index: Int, votes: Int) -> [UInt8]? {
            guard lines.indices.contains(index), lines[index].mostCount >= votes else { return nil }
            return lines[index].most
        }
    }

    private struct Line {
        /// What was said most often, the first of these where several were, and how often.
        private(set) var most: [UInt8] = []
        private(set) var mostCount = 0
        /// What else was said.
        private var others: [[UInt8]: Int] = [:]

        mutating func take(_ bytes: [UInt8]) {
            if mostCount == 0 || bytes == most {
                most = bytes
                mostCount += 1
                return
            }
            let count = others.removeValue(forKey: bytes).map { $0 + 1 } ?? 1
            guard count > mostCount else {
                others[bytes] = count
                return
            }
            others[most] = mostCount
            (most, mostCount) = (bytes, count)
        }
    }
}
