import BackupBags
import FlashAccess
import FlashModel

/// The layouts of a backup and a board, by position, not compared yet. Pure.
struct ComparedLayouts: Sendable {
    /// The wanted content: as in the backup, or as placed on this board.
    var old: FlashLayout
    let new: FlashLayout
    /// The sources of the newer layout.
    let pieces: [BackupPlan.Piece]

    init(_ manifest: Manifest, _ survey: Survey) {
        let plan = BackupPlan(survey)
        new = FlashLayout(survey, plan, chips: ChipPairs.find(manifest.chips, survey.chips))
        old = FlashLayout(manifest, on: new)
        pieces = FlashLayout.pieces(of: plan)
    }
}

/// A comparison of a board's flash with a backup.
struct BoardComparison: Sendable {
    var survey: Survey
    /// The sources of the newer layout.
    var pieces: [BackupPlan.Piece]
    /// The wanted content: as in the backup, or as placed on this board.
    var old: FlashLayout
    var new: FlashLayout
    var overlay: FlashOverlay
    /// What was compared, of the flash that both have.
    var compared: FlashSelection
    /// The erase blocks of the board that differ from the backup.
    var findings: [DiffReport.Finding]
    /// What the board could not read.
    var unread: [FlashLayout.Hole]
    /// The checksums that the board computed, of what is equal and of what is not.
    var onBoard: [FlashSpace: [BoardChecksum]] = [:]
    /// The number of bytes transferred.
    var bytesRead: Int

    /// How much to find out about differences.
    enum Depth {
        /// The kind of each change, which requires the transfer of differing blocks.
        case changes
        /// Only which erase blocks differ, and which of them are blank on the board; checksums suffice if the board has
        /// any.
        case blocks
    }

    /// Compares by the board's checksums, as far as it has any, so that only erase blocks that differ need to be
    /// transferred.
    ///
    /// - Parameters:
    ///   - layouts: of the backup, placed on the board, and of the flash.
    ///   - names: of the backup and of the board, for errors.
    ///   - only: what to compare.
    /// - Throws: `layoutChanged` if they have no flash in common, and errors of the board.
    static func run(
        _ bag: VerifiedBackup, _ flash: SurveyedFlash, _ layouts: ComparedLayouts, names: (old: String, new: String),
        only: FlashSelection = .all, depth: Depth = .changes, progress: @escaping ProgressHandler
    ) async throws -> BoardComparison {
        let overlay = FlashOverlay(layouts.old, layouts.new)
        try Diff.check(overlay, names.old, names.new)
        var result = BoardComparison(
            survey: flash.survey, pieces: layouts.pieces, old: layouts.old, new: layouts.new, overlay: overlay,
            compared: only, findings: [], unread: [], bytesRead: 0)
        let pairs = overlay.pairs.map { pair in
            var pair = pair
            pair.meaningful = pair.meaningful.flatMap { only.parts(of: $0, in: pair.old.space) }
            return pair
        }.filter { !$0.meaningful.isEmpty }
        let size = FlashOverlay.size(of: pairs)
        progress(.began(.comparing, bytes: size))
        let counter = ProgressCounter(total: size, handler: progress)
        for pair in pairs { try await result.compare(pair, bag, flash.reader, depth, counter) }
        progress(.ended(.comparing))
        return result
    }

    /// The number of bytes compared.
    var size: Int {
        overlay.pairs.flatMap { pair in pair.meaningful.flatMap { compared.parts(of: $0, in: pair.old.space) } }.total
    }

    /// The checksums that still hold at a later survey, by MTD number: those of partitions to which nothing on the board
    /// writes, if it has not restarted since.
    func checksums(heldBy later: Survey) -> [Int: [BoardChecksum]] {
        guard let boot = survey.bootID, boot == later.bootID, survey.partitions == later.partitions else { return [:] }
        let live = new.places.filter(\.partition.isLive)
        var result: [Int: [BoardChecksum]] = [:]
        for place in new.places {
            let all = onBoard[place.space] ?? []
            for sum in all where sum.range.clamped(to: place.range) == sum.range {
                let stretch = FlashStretch(space: place.space, range: sum.range)
                if live.contains(where: { $0.stretch.overlaps(stretch) }) { continue }
                result[place.partition.index, default: []].append(
                    BoardChecksum(range: sum.range.shifted(by: -place.range.lowerBound), digest: sum.digest))
            }
        }
        return result
    }

    private mutating func compare(
        _ pair: FlashOverlay.Pair, _ bag: VerifiedBackup, _ reader: any FlashReading & FlashChecksumming,
        _ depth: Depth, _ counter: ProgressCounter
    ) async throws {
        let partition = pieces[pair.new.source].partition
        counter.tell(.item(PlainText.partition(partition.label, partition.name), bytes: pair.range.count))
        let image = try bag.image(pair.old.source)
        let block = partition.eraseUnit
        let search = DifferenceSearch(reader: reader, partition: partition, image: image, pair: pair, block: block)
        let found = try await search.suspects()
        let suspects = found.differing
        onBoard[pair.old.space, default: []] += found.equal + found.other
        counter.add(pair.meaningful.total - suspects.total)
        if depth == .blocks, !reader.checksumsWholePartitions, let algorithm = reader.checksumAlgorithms.first {
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
