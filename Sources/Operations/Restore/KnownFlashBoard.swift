import BackupBags
import BoardChannels
import FlashAccess
import FlashModel
import LocalFiles

/// Hands on a board that is reached already.
struct KnownFlashReacher: BoardReaching {
    let address: String
    nonisolated(unsafe) let board: KnownFlashBoard

    func withBoard<Result: Sendable>(
        transcript: TranscriptLog, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        try await body(unsafe board)
    }
}

/// A board that was compared with a backup; what was the same is given from the backup the first time that it is read.
/// The proof of what is made of it is the board's own; what is read a second time comes from the board.
final class KnownFlashBoard: FlashBoard {
    /// A run that is the same on both.
    private struct Run {
        /// Bytes of the MTD device.
        var range: Range<Int>
        /// A position in ``BackupBags/Manifest/images``.
        var image: Int
        /// Where its first byte is in the image.
        var offset: Int
    }

    /// Bytes that the board itself gave, through all connections.
    final class Count {
        fileprivate(set) var bytes = 0
    }

    private let board: any FlashBoard
    private let bag: IntactBag
    private let comparison: BoardComparison
    private let count: Count
    /// By number of the MTD device, ascending.
    private var runs: [Int: [Run]] = [:]

    init(_ board: any FlashBoard, _ bag: IntactBag, _ comparison: BoardComparison, _ count: Count) {
        self.board = board
        self.bag = bag
        self.comparison = comparison
        self.count = count
    }

    var way: String { board.way }
    var usualRate: Int? { board.usualRate }
    var transferName: String { board.transferName }
    var retries: Int { board.retries }
    var commands: [String] { board.commands }
    var writer: (any FlashWriting)? { board.writer }
    var readsOOB: Bool { board.readsOOB }
    var checksumAlgorithms: [ChecksumAlgorithm] { board.checksumAlgorithms }

    func survey() async throws -> (survey: Survey, evidence: [Evidence]) {
        let found = try await board.survey()
        // All is read where the board cannot prove what is made of it, or is no longer what it was.
        guard !board.checksumAlgorithms.isEmpty, found.survey.partitions == comparison.survey.partitions else {
            return found
        }
        let others = Dictionary(
            grouping: comparison.findings.map(\.stretch) + comparison.unread.map(\.stretch), by: \.space
        ).mapValues { $0.map(\.range) }
        runs = [:]
        for pair in comparison.overlay.pairs {
            let index = comparison.pieces[pair.new.source].partition.index
            for part in pair.meaningful {
                for same in PartitionMap.gaps(in: part, leaving: others[pair.old.space] ?? []) {
                    runs[index, default: []].append(
                        Run(
                            range: pair.new.inSource(same), image: pair.old.source,
                            offset: pair.old.inSource(same).lowerBound))
                }
            }
        }
        return found
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

    func layoutChanges() async throws -> [LayoutChange] { try await board.layoutChanges() }

    func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        try await board.readWithOOB(partition, ranges: ranges, each: each)
    }

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
