import BackupBags
import BoardChannels
import FlashAccess
import FlashModel
import LocalFiles
import SystemPackage

/// The backup of a board before a restore, so that nothing is overwritten that is not in a backup.
struct PreRestoreBackup {
    let prepared: PreparedRestore
    /// Whether the board was compared a moment ago.
    let isFresh: Bool
    let address: String
    let count: BackupBackedReader.Count
    let environment: OperationEnvironment
    let journal: RestoreJournal
    let disk: Disk
    let progress: ProgressHandler

    /// Returns the path for the next backup.
    ///
    /// - Parameters:
    ///   - wanted: the user's choice, or an unused path.
    ///   - isChosen: whether the user chose it; otherwise an interrupted backup is resumed.
    /// - Throws: `targetExists` if there is something else at the path, `fileUnavailable`.
    func place(_ wanted: FilePath, isChosen: Bool) throws -> FilePath {
        let planned = journal.plannedOnly == prepared.savedPartitions ? journal.plannedBackup.map { FilePath($0) } : nil
        if let planned, planned == wanted || !isChosen {
            // It is complete, but the journal does not say so yet; or it is resumed.
            if try BagBuilder.isTaken(planned, disk: disk) { return planned }
        }
        try BagBuilder.check(target: wanted, disk: disk)
        return wanted
    }

    /// Accepts a backup that an earlier run completed; nil if there is none.
    func adopt(_ place: FilePath) throws -> String? {
        guard journal.plannedBackup == place.string, (try? BagReader.open(place)) != nil else { return nil }
        try journal.append(RestoreEntry(.backedUp, at: environment.timestamp(), backup: place.string))
        return place.string
    }

    /// Backs up the board's present flash. Bytes equal to those in the backup being restored are not transferred again.
    ///
    /// - Parameter board: the board with this flash.
    /// - Returns: where it is, and whether all that was read was read now, by this call.
    /// - Throws: as ``Backup``, also if the board is lost: the restore reconnects, and calls this again.
    func make(
        _ flash: SurveyedFlash, of board: any FlashBoard, at place: FilePath
    ) async throws -> (path: String, isOfNow: Bool) {
        try BagBuilder.check(target: place, disk: disk)
        var options = BackupOptions(target: place)
        // What is not written to is not compared either, and would have to be read for nothing.
        if let only = prepared.savedPartitions { options.only = only }
        let run = BackupRun(
            address: address, options: options, environment: environment,
            transcript: TranscriptLog(), disk: disk, progress: progress)
        defer { run.close() }
        var flash = flash
        flash.reader = BackupBackedReader(flash, prepared.bag, prepared.comparison, count)
        let capture = try await run.capture(
            flash, of: board, computed: isFresh ? prepared.comparison.checksums(heldBy: flash.survey) : [:])
        run.retries += board.retries
        let report = try run.finish(capture)
        try journal.append(RestoreEntry(.backedUp, at: environment.timestamp(), backup: report.bag))
        return (report.bag, report.resumedBytes == 0)
    }

    /// Returns an unused path, for a backup of later changes.
    func another(beside place: FilePath) throws -> FilePath {
        let name = place.lastComponent?.string ?? "before"
        for number in 2..<10_000 {
            let next = place.removingLastComponent().appending("\(name)-\(number)")
            if try !BagBuilder.isTaken(next, disk: disk) { return next }
        }
        return place
    }

    /// Whether the blocks to be written still match an earlier backup. Ignores blocks that this restore has begun
    /// itself, since they may contain anything.
    func has(_ plan: RestorePlan, _ flash: SurveyedFlash, in path: String) async throws -> Bool {
        guard let bag = try? await VerifiedBackup.open(FilePath(path), progress: { _ in }) else { return false }
        let layouts = ComparedLayouts(bag.manifest, flash.survey)
        let begun = Set(journal.unfinished.compactMap(\.block))
        var stretches: [FlashStretch] = []
        for part in plan.parts {
            guard let place = layouts.new.places.first(where: { $0.partition.index == part.partition.index }) else {
                return false
            }
            for block in part.blocks
            where !begun.contains(
                RestoreEntry.Block(image: block.image, offset: block.imageOffset, size: block.size))
            {
                stretches.append(
                    FlashStretch(space: place.space, range: block.range.shifted(by: place.range.lowerBound)))
            }
        }
        guard !stretches.isEmpty else { return true }
        let isCovered = stretches.allSatisfy { stretch in
            let had = (layouts.old.runs[stretch.space] ?? []).map(\.range)
                .removing((layouts.old.holes[stretch.space] ?? []).filter { $0.state == .unread }.map(\.range))
            return PartitionMap.gaps(in: stretch.range, leaving: had).isEmpty
        }
        guard isCovered else { return false }
        let comparison = try await BoardComparison.run(
            bag, flash, layouts, names: (path, address), only: FlashSelection(stretches),
            depth: .blocks, progress: progress)
        return comparison.findings.isEmpty && comparison.unread.isEmpty
    }
}
