import BackupBags
import FlashAccess
import FlashModel
import LocalFiles

/// Reads from a board that was compared with a backup. The first read of bytes that are equal on both takes them from
/// the backup; repeated reads and all checksums go to the board.
final class BackupBackedReader: FlashReading, FlashChecksumming {
    /// A run that is equal on both.
    private struct Run {
        /// The range in bytes of the MTD device.
        var range: Range<Int>
        /// The index in ``BackupBags/Manifest/images``.
        var image: Int
        /// The offset of its first byte in the image.
        var offset: Int
    }

    /// The number of bytes read from the board itself, over all connections.
    final class Count {
        fileprivate(set) var bytes = 0
    }

    private let board: any FlashReading & FlashChecksumming
    private let bag: VerifiedBackup
    private let count: Count
    /// The runs that may still come from the backup, by MTD number, ascending.
    private var runs: [Int: [Run]]

    /// - Parameters:
    ///   - flash: the board's present flash.
    ///   - comparison: of the backup with the board.
    init(_ flash: SurveyedFlash, _ bag: VerifiedBackup, _ comparison: BoardComparison, _ count: Count) {
        board = flash.reader
        self.bag = bag
        self.count = count
        // Read everything if the board cannot compute checksums to prove it, or has changed since the comparison.
        let isUsable =
            !flash.reader.checksumAlgorithms.isEmpty && flash.survey.partitions == comparison.survey.partitions
        runs = isUsable ? Self.same(in: comparison) : [:]
    }

    private static func same(in comparison: BoardComparison) -> [Int: [Run]] {
        let others = Dictionary(
            grouping: comparison.findings.map(\.stretch) + comparison.unread.map(\.stretch), by: \.space
        ).mapValues { $0.map(\.range) }
        var runs: [Int: [Run]] = [:]
        for pair in comparison.overlay.pairs {
            let places = comparison.new.places.filter { $0.space == pair.old.space }
            for part in pair.meaningful.flatMap({ comparison.compared.parts(of: $0, in: pair.old.space) }) {
                for same in PartitionMap.gaps(in: part, leaving: others[pair.old.space] ?? []) {
                    // Through whichever partition they are read.
                    for place in places {
                        let common = same.clamped(to: place.range)
                        guard !common.isEmpty else { continue }
                        runs[place.partition.index, default: []].append(
                            Run(
                                range: common.shifted(by: -place.range.lowerBound), image: pair.old.source,
                                offset: pair.old.inSource(common).lowerBound))
                    }
                }
            }
        }
        return runs
    }

    func read(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let mine = runs[partition.index] ?? []
        var unknown: [Range<Int>] = []
        for range in ranges {
            unknown += PartitionMap.gaps(in: range, leaving: mine.map(\.range))
            for run in mine {
                let part = run.range.clamped(to: range)
                if !part.isEmpty { try await give(part, of: run, each) }
            }
        }
        runs[partition.index] = mine.filter { run in !ranges.contains { $0.overlaps(run.range) } }
        guard !unknown.isEmpty else { return }
        try await board.read(partition, ranges: unknown) { chunk in
            count.bytes += chunk.bytes.count
            try await each(chunk)
        }
    }

    private func give(
        _ part: Range<Int>, of run: Run, _ each: (FlashChunk) async throws -> Void
    ) async throws {
        let image = try bag.image(run.image)
        for piece in part.cut(atMultiplesOf: Disk.bufferSize) {
            let bytes = try image.bytes(piece.shifted(by: run.offset - run.range.lowerBound))
            try await each(FlashChunk(offset: piece.lowerBound, bytes: bytes))
        }
    }

    var readsOOB: Bool { board.readsOOB }

    func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        try await board.readWithOOB(partition, ranges: ranges, each: each)
    }

    var checksumAlgorithms: [ChecksumAlgorithm] { board.checksumAlgorithms }
    var checksumsWholePartitions: Bool { board.checksumsWholePartitions }

    func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest {
        try await board.checksum(algorithm, of: partition, ranges: ranges)
    }

    func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest] {
        try await board.checksums(algorithm, of: partition, each: ranges)
    }
}
