import BackupBags
import FlashModel
import LocalFiles

/// A range of an image that becomes a file.
struct ExtractedPiece: Sendable, Hashable {
    /// The number of the partition.
    var index: Int
    /// The name of the file.
    var name: String
    /// In bytes from the start of the image.
    var range: Range<Int>
}

extension [ExtractedPiece] {
    /// Splits pieces so that of no group more than `limit` contain one place: one pass over the image can then write a
    /// group with that many open files. Partitions may lie within others, and a manifest may list many.
    ///
    /// - Parameter limit: at least 1.
    /// - Returns: groups in the order of their starts; none if there are no pieces.
    func grouped(openingAtMost limit: Int) -> [[ExtractedPiece]] {
        var groups: [(pieces: [ExtractedPiece], ends: [Int])] = []
        for piece in sorted(by: { ($0.range.lowerBound, $0.index) < ($1.range.lowerBound, $1.index) }) {
            let start = piece.range.lowerBound
            for number in groups.indices { groups[number].ends.removeAll { $0 <= start } }
            if let number = groups.firstIndex(where: { $0.ends.count < limit }) {
                groups[number].pieces.append(piece)
                groups[number].ends.append(piece.range.upperBound)
            } else {
                groups.append(([piece], [piece.range.upperBound]))
            }
        }
        return groups.map(\.pieces)
    }
}

/// Writes the pieces of an image while its bytes pass once, in order. A file is open only while its range passes.
struct PieceWriter {
    private let source: OpenFile
    private let output: OutputFolder
    /// The pieces that have not begun, the last one first.
    private var waiting: [ExtractedPiece]
    private var open: [(piece: ExtractedPiece, file: OpenFile, isShared: Bool)] = []

    init(_ pieces: [ExtractedPiece], of source: OpenFile, to output: OutputFolder) {
        self.source = source
        self.output = output
        waiting = pieces.sorted { $0.range.lowerBound > $1.range.lowerBound }
    }

    /// Takes the next bytes of the image.
    ///
    /// - Parameter offset: of the bytes in the image.
    mutating func take(_ bytes: ArraySlice<UInt8>, at offset: Int) throws {
        let end = offset + bytes.count
        func write(_ entry: (piece: ExtractedPiece, file: OpenFile, isShared: Bool)) throws -> Bool {
            let range = entry.piece.range
            let part = range.clamped(to: offset..<end)
            if !entry.isShared, !part.isEmpty {
                let first = bytes.startIndex - offset
                let slice = bytes[(first + part.lowerBound)..<(first + part.upperBound)]
                try entry.file.write(slice, count: slice.count, at: part.lowerBound - range.lowerBound)
            }
            guard range.upperBound <= end else { return true }
            try entry.file.sync()
            return false
        }
        open = try open.filter(write)
        while let piece = waiting.last, piece.range.lowerBound < end {
            waiting.removeLast()
            let file = try output.begin(piece.name)
            // If the file system can share the bytes, they take no additional space.
            let entry = (piece, file, output.share(source, piece.range, with: file))
            if try write(entry) { open.append(entry) }
        }
    }
}
