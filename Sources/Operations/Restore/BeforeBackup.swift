import BackupBags
import FlashAccess
import FlashModel
import LocalFiles
import SystemPackage

/// The backup of what is on a board before it is written to: nothing is overwritten that is not in one.
struct BeforeBackup {
    let prepared: PreparedRestore
    let address: String
    let count: KnownFlashBoard.Count
    let environment: OperationEnvironment
    let journal: RestoreJournal
    let disk: Disk
    let progress: ProgressHandler

    /// Where the next one goes.
    ///
    /// - Parameters:
    ///   - wanted: what the user asked for, or a name that is free.
    ///   - isChosen: whether the user asked for it; else one that was broken off is gone on with.
    /// - Throws: `targetExists` where something is there that is not this restore's, `fileUnavailable`.
    func place(_ wanted: FilePath, isChosen: Bool) throws -> FilePath {
        let planned = journal.plannedBackup.map { FilePath($0) }
        if let planned, planned == wanted || !isChosen {
            // It was finished, and only that was not written down any more; or it is gone on with.
            if try BagBuilder.isTaken(planned, disk: disk) { return planned }
        }
        try BagBuilder.check(target: wanted, disk: disk)
        return wanted
    }

    /// Takes what an earlier run had finished; nil where there is none.
    func adopt(_ place: FilePath) throws -> String? {
        guard journal.plannedBackup == place.string, (try? BagReader.open(place)) != nil else { return nil }
        try journal.append(RestoreEntry(.backedUp, at: environment.timestamp(), backup: place.string))
        return place.string
    }

    /// Backs up what is on the board now; what is the same as in the backup that is restored does not cross again.
    func make(_ board: any FlashBoard, at place: FilePath) async throws -> String {
        nonisolated(unsafe) let known = KnownFlashBoard(board, prepared.bag, prepared.comparison, count)
        // A lost board is reached again by the restore, which then comes here once more.
        let report = try await Backup.run(
            unsafe KnownFlashReacher(address: address, board: known),
            options: BackupOptions(target: place, reconnects: 0), environment: environment, disk: disk,
            progress: progress)
        try journal.append(RestoreEntry(.backedUp, at: environment.timestamp(), backup: report.bag))
        return report.bag
    }

    /// A name that is free, for what was written since.
    func another(beside place: FilePath) throws -> FilePath {
        let name = place.lastComponent?.string ?? "before"
        for number in 2..<10_000 {
            let next = place.removingLastComponent().appending("\(name)-\(number)")
            if try !BagBuilder.isTaken(next, disk: disk) { return next }
        }
        return place
    }

    /// Whether the blocks that are going to be written hold what an earlier backup has of them. Those that this restore
    /// had begun itself are not asked: they may hold anything.
    func has(
        _ plan: RestorePlan, _ survey: Survey, _ board: any FlashBoard, in path: String
    ) async throws -> Bool {
        guard let bag = try? await IntactBag.open(FilePath(path), progress: { _ in }) else { return false }
        let layout = FlashLayout(
            survey, BackupPlan(survey), chips: ChipPairs.find(bag.manifest.chips, survey.chips))
        let begun = Set(journal.unfinished.compactMap(\.block))
        var ranges: [FlashSpace: [Range<Int>]] = [:]
        for part in plan.parts {
            guard let place = layout.places.first(where: { $0.partition.index == part.partition.index }) else {
                return false
            }
            for block in part.blocks
            where !begun.contains(
                RestoreEntry.Block(image: block.image, offset: block.imageOffset, size: block.size))
            {
                ranges[place.space, default: []].append(block.range.shifted(by: place.range.lowerBound))
            }
        }
        guard !ranges.isEmpty else { return true }
        let comparison = try await BoardComparison.run(
            bag, board, survey, names: (path, address), only: ranges.mapValues { PartitionMap.merged($0) },
            depth: .blocks, progress: progress)
        return comparison.findings.isEmpty && comparison.unread.isEmpty
    }
}
