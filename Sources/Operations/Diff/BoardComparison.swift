import BackupBags
import FlashAccess
import FlashModel

/// What a board's flash is, laid against a backup.
struct BoardComparison: Sendable {
    var survey: Survey
    /// What the newer layout's sources are.
    var pieces: [BackupPlan.Piece]
    /// What the flash shall hold: as the backup had it, or as it is placed on this board.
    var old: FlashLayout
    var new: FlashLayout
    var overlay: FlashOverlay
    /// Erase blocks of the board that are others than in the backup.
    var findings: [DiffReport.Finding]
    /// What the board could not read.
    var unread: [FlashLayout.Hole]
    /// Bytes that crossed.
    var bytesRead: Int
    /// Partitions that are not put back position for position.
    var areas: [BlockPlacement.Area] = []

    /// The partition that bytes belong to, where it is not put back position for position.
    func area(of stretch: FlashStretch) -> BlockPlacement.Area? { areas.first { $0.stretch.overlaps(stretch) } }

    /// How much is to be known of what differs.
    enum Depth {
        /// What kind of change it is; its bytes cross for that.
        case changes
        /// Only which erase blocks differ, and which of them are blank on the board: checksums tell that, where the board
        /// has them.
        case blocks
    }

    /// Places the blocks of a backup on a board.
    typealias Placing = (_ old: FlashLayout, _ new: FlashLayout, _ board: BoardIdentity) throws -> BlockPlacement

    /// Surveys a board and compares it.
    ///
    /// - Parameter names: of the backup and of the board, for errors.
    /// - Throws: as ``run(_:_:_:names:only:depth:placing:progress:)``.
    static func run(
        _ bag: IntactBag, _ board: any FlashBoard, names: (old: String, new: String), depth: Depth = .changes,
        placing: Placing? = nil, progress: @escaping ProgressHandler
    ) async throws -> BoardComparison {
        progress(.began(.surveying, bytes: nil))
        let (survey, _) = try await board.survey()
        progress(.ended(.surveying))
        return try await run(bag, board, survey, names: names, depth: depth, placing: placing, progress: progress)
    }

    /// Compares: by the board's checksums, as far as it has them, so that only erase blocks that differ need to cross.
    ///
    /// - Parameters:
    ///   - only: what is looked at; nil is all.
    ///   - placing: where the backup's blocks belong on this board; nil is position for position.
    /// - Throws: `layoutChanged` where they have no flash in common, and what the board throws.
    static func run(
        _ bag: IntactBag, _ board: any FlashBoard, _ survey: Survey, names: (old: String, new: String),
        only: [FlashSpace: [Range<Int>]]? = nil, depth: Depth = .changes, placing: Placing? = nil,
        progress: @escaping ProgressHandler
    ) async throws -> BoardComparison {
        let plan = BackupPlan(survey)
        let backup = FlashLayout(bag.manifest)
        let new = FlashLayout(survey, plan, chips: ChipPairs.find(bag.manifest.chips, survey.chips))
        let placement = try placing?(backup, new, survey.board)
        let old = placement?.layout ?? backup
        let overlay = FlashOverlay(old, new)
        try Diff.check(overlay, names.old, names.new)
        var result = BoardComparison(
            survey: survey, pieces: FlashLayout.pieces(of: plan), old: old, new: new, overlay: overlay, findings: [],
            unread: [], bytesRead: 0, areas: placement?.areas ?? [])
        let pairs = overlay.pairs.map { pair in
            guard let only else { return pair }
            var pair = pair
            let wanted = only[pair.old.space] ?? []
            pair.meaningful = pair.meaningful.flatMap { part in
                wanted.map { $0.clamped(to: part) }.filter { !$0.isEmpty }
            }.sorted { $0.lowerBound < $1.lowerBound }
            return pair
        }.filter { !$0.meaningful.isEmpty }
        let size = FlashOverlay.size(of: pairs)
        progress(.began(.comparing, bytes: size))
        let counter = ProgressCounter(total: size, handler: progress)
        for pair in pairs { try await result.compare(pair, bag, board, depth, counter) }
        progress(.ended(.comparing))
        return result
    }

    private mutating func compare(
        _ pair: FlashOverlay.Pair, _ bag: IntactBag, _ board: any FlashBoard, _ depth: Depth,
        _ counter: ProgressCounter
    ) async throws {
        let partition = pieces[pair.new.source].partition
        counter.tell(.item(PlainText.partition(partition.index, partition.name), bytes: pair.range.count))
        let image = try bag.image(pair.old.source)
        let block = partition.eraseUnit
        let search = DifferenceSearch(board: board, partition: partition, image: image, pair: pair, block: block)
        let suspects = try await search.suspects()
        counter.add(pair.meaningful.total - suspects.total)
        if depth == .blocks, let algorithm = board.checksumAlgorithms.first {
            findings += try await search.changes(of: suspects, algorithm)
            counter.add(suspects.total)
            return
        }
        for part in Diff.batches(suspects, block) {
            try Task.checkCancellation()
            let before = try image.bytes(pair.old.inSource(part))
            let now = try await search.read(part)
            bytesRead += part.count
            unread += now.unread.map { FlashLayout.Hole(space: pair.old.space, range: $0, state: .unread) }
            findings += Diff.changes(before, now.bytes, at: part, in: pair.old.space, block)
                .filter { finding in !now.unread.contains { $0.overlaps(finding.range) } }
            counter.add(part.count)
        }
    }
}
