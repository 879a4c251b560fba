import BackupBags
import BoardChannels
import FlashAccess
import FlashModel
import LocalFiles
import SystemPackage

/// The backup of what is on a board before it is written to: nothing is overwritten that is not in one.
struct PreRestoreBackup {
    let prepared: PreparedRestore
    let address: String
    let count: BackupBackedReader.Count
    let environment: OperationEnvironment
    let journal: RestoreJournal
    let disk: Disk
    let progress: ProgressHandler

    /// Where the next one goes.
    ///
    /// - Parameters:
    ///   - wanted: what the user asked for, or a name that is free.
    ///   - isChosen: whether the user asked for it; otherwise an interrupted one is resumed.
    /// - Throws: `targetExists` where something is there that is not this restore's, `fileUnavailable`.
    func place(_ wanted: FilePath, isChosen: Bool) throws -> FilePath {
        let planned = journal.plannedBackup.map { FilePath($0) }
        if let planned, planned == wanted || !isChosen {
            // It was finished, and only the journal does not say so; or it is resumed.
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
    ///
    /// - Parameter board: the board that the flash is of.
    /// - Throws: as ``Backup``, also if the board is lost: the restore reaches it again, and comes here once more.
    func make(_ flash: SurveyedFlash, of board: any FlashBoard, at place: FilePath) async throws -> String {
        try BagBuilder.check(target: place, disk: disk)
        let run = BackupRun(
            address: address, options: BackupOptions(target: place), environment: environment,
            transcript: TranscriptLog(), disk: disk, progress: progress)
        defer { run.close() }
        var flash = flash
        flash.reader = BackupBackedReader(flash, prepared.bag, prepared.comparison, count)
        let capture = try await run.capture(flash, of: board)
        run.retries += board.retries
        let report = try run.finish(capture)
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
    func has(_ plan: RestorePlan, _ flash: SurveyedFlash, in path: String) async throws -> Bool {
        guard let bag = try? await VerifiedBackup.open(FilePath(path), progress: { _ in }) else { return false }
        let layouts = ComparedLayouts(bag.manifest, flash.survey)
        let begun = Set(journal.unfinished.compactMap(\.block))
        var ranges: [FlashSpace: [Range<Int>]] = [:]
        for part in plan.parts {
            guard let place = layouts.new.places.first(where: { $0.partition.index == part.partition.index }) else {
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
            bag, flash, layouts, names: (path, address), only: ranges.mapValues { PartitionMap.merged($0) },
            depth: .blocks, progress: progress)
        return comparison.findings.isEmpty && comparison.unread.isEmpty
    }
}
