import BackupBags
import FlashModel
import LocalFiles
import Synchronization

/// Finds out which files an earlier run completed, one that a full disk or Ctrl-C ended. Only reads.
enum ExistingPieces {
    /// A file that exists, and the range of an image whose bytes it should have.
    private struct Candidate: Sendable {
        var image: String
        var piece: ExtractedPiece
    }

    /// - Parameter images: the pieces of each image, by its path in the backup.
    /// - Returns: the names of the files that have the backup's bytes.
    /// - Throws: `targetExists` if another file has one of the names; errors of reading.
    static func find(
        _ images: [(image: String, pieces: [ExtractedPiece])], of bag: BagReader, in output: OutputFolder,
        _ progress: @escaping ProgressHandler
    ) async throws -> Set<String> {
        var candidates: [Candidate] = []
        for (image, pieces) in images {
            for piece in pieces {
                guard let size = try output.sizeOfExisting(piece.name) else { continue }
                guard size == piece.range.count else { throw output.inTheWay(piece.name) }
                candidates.append(Candidate(image: image, piece: piece))
            }
        }
        guard !candidates.isEmpty else { return [] }
        let total = candidates.map(\.piece.range.count).saturatingSum()
        progress(.began(.checking, bytes: total))
        let counter = ProgressCounter(total: total, handler: progress)
        try await FileWorkers.run(candidates.sorted { $0.piece.range.count > $1.piece.range.count }) {
            candidate, ticket, buffer in
            let existing = try output.openExisting(candidate.piece.name)
            var other = [UInt8](repeating: 0, count: buffer.count)
            try bag.file(candidate.image).stream(candidate.piece.range, buffer: &buffer) { offset, bytes in
                try ticket.check()
                let count = try existing.read(
                    into: &other, count: bytes.count, at: offset - candidate.piece.range.lowerBound)
                guard other[..<count].elementsEqual(bytes) else { throw output.inTheWay(candidate.piece.name) }
                counter.add(bytes.count)
            }
        }
        progress(.ended(.checking))
        return Set(candidates.map(\.piece.name))
    }
}
