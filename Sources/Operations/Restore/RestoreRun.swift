import BackupBags
import FlashAccess
import FlashModel
import LocalFiles
import SystemPackage

/// A restore in progress. It outlasts connections: each resumes where the last one stopped.
final class RestoreRun {
    private let prepared: PreparedRestore
    /// The plan that the user confirmed.
    private let confirmed: RestorePlan
    private let preparation: RestorePreparation
    private let keeper: PreRestoreBackup
    private let journal: RestoreJournal
    private let environment: OperationEnvironment
    private let progress: ProgressHandler
    private let counts = RestoreExecutor.Counts()
    private let kept = BackupBackedReader.Count()
    /// The backups of the board's flash before the restore, oldest first.
    private var backups: [String]
    private var report: RestoreReport

    init(
        _ prepared: PreparedRestore, _ confirmed: RestorePlan, address: String, age: Duration?, journal: RestoreJournal,
        environment: OperationEnvironment, disk: Disk, progress: @escaping ProgressHandler
    ) {
        self.prepared = prepared
        self.confirmed = confirmed
        self.journal = journal
        self.environment = environment
        self.progress = progress
        preparation = RestorePreparation(
            path: prepared.path, address: address, bag: prepared.bag, choice: prepared.choice, journal: journal,
            progress: progress)
        keeper = PreRestoreBackup(
            prepared: prepared, isFresh: age.map { $0 < Self.freshness } ?? false, address: address, count: kept,
            environment: environment, journal: journal, disk: disk, progress: progress)
        backups = journal.earlierBackups
        report = RestoreReport(
            plan: confirmed, blocksWritten: 0, erases: 0, bytesWritten: 0, backupBefore: nil, reconnects: 0)
    }

    /// How long a comparison shows what is on the board now. While somebody reads a plan, others may write.
    private static let freshness = Duration.seconds(60)

    /// Grows with everything that need not be done again.
    var achieved: Int { counts.places.count + kept.bytes }

    func noteLoss() { report.reconnects += 1 }

    // MARK: Start and end

    /// Ends a restore whose plan is empty: one interrupted after its last block, or one of a board that needs no
    /// changes.
    func endWithoutWork() throws -> RestoreReport {
        if journal.isUnderWay {
            (report.backupBefore, report.backedUpOnly) = (journal.earlierBackups.first, journal.firstBackupOnly)
            try journal.append(RestoreEntry(.ended, at: environment.timestamp()))
        }
        report.unfinished = journal.unfinished.count
        return report
    }

    /// Records the plan in the journal, before the board is changed.
    ///
    /// - Parameters:
    ///   - wanted: the path for the backup of the board's present flash.
    ///   - isChosen: whether the user chose it.
    /// - Returns: the path to use: an interrupted backup is resumed.
    func begin(before wanted: FilePath, isChosen: Bool) throws -> FilePath {
        let place = try backups.last.map { FilePath($0) } ?? keeper.place(wanted, isChosen: isChosen)
        if backups.isEmpty { backups += [try keeper.adopt(place)].compactMap(\.self) }
        if let last = backups.last {
            let saved = prepared.savedPartitions.map { $0.joined(separator: ", ") } ?? "the board"
            progress(.note("the old contents of \(saved) are already in \(PlainText.line(last))"))
        }
        try journal.append(
            RestoreEntry(
                .planned, at: environment.timestamp(), address: preparation.address, board: prepared.planning.board,
                blocks: Dictionary(
                    confirmed.parts.map {
                        (PlainText.partition($0.partition.label, $0.partition.name), $0.blocks.count)
                    }, uniquingKeysWith: +),
                backup: place.string, only: prepared.savedPartitions))
        return place
    }

    func end() throws -> RestoreReport {
        report.blocksWritten = counts.blocks
        report.erases = counts.erases
        report.bytesWritten = counts.bytes
        (report.backupBefore, report.backedUpOnly) = (backups.first, journal.firstBackupOnly)
        report.backupsSince = Array(backups.dropFirst())
        report.unfinished = journal.unfinished.count
        try journal.append(RestoreEntry(.ended, at: environment.timestamp()))
        return report
    }

    // MARK: One connection

    /// Does everything that is still to be done.
    ///
    /// - Parameter place: the path for the backup of the board's present flash.
    func proceed(on board: any FlashBoard, before place: FilePath) async throws {
        // Others may have written to the board while it was disconnected.
        var isKept = backups.isEmpty
        if backups.isEmpty, let flash = try await keepAll(of: board, at: place) {
            guard let failing = try await write(confirmed, flash, of: board) else { return }
            try setAside(failing)
        }
        try await board.unlocked(if: prepared.choice.unlocks) {
            while true {
                let flash = try await board.survey(progress)
                let planning = try await preparation.remainder(of: confirmed, prepared, flash)
                let plan = try PlanAgreement.plan(
                    planning, within: confirmed, hasMovedBlocks: !journal.failing(on: planning.board).isEmpty)
                guard plan.blockCount > 0 else { return }
                if !isKept {
                    try await keepChanges(plan, flash, of: board, beside: place)
                    isKept = true
                }
                guard let failing = try await write(plan, flash, of: board) else { return }
                try setAside(failing)
            }
        }
    }

    /// Backs up the board's flash before anything is written.
    ///
    /// - Returns: the flash, if the confirmed plan still holds for it; otherwise nil.
    private func keepAll(of board: any FlashBoard, at place: FilePath) async throws -> SurveyedFlash? {
        let saved = prepared.savedPartitions.map { "is now in \($0.joined(separator: ", "))" } ?? "is on the board now"
        progress(.note("first backing up what \(saved), to \(PlainText.line(place.string))"))
        let flash = try await board.survey(progress)
        let made = try await keeper.make(flash, of: board, at: place)
        backups.append(made.path)
        guard made.isOfNow, try await isPlanned(for: flash) else { return nil }
        return flash
    }

    /// Whether the confirmed plan is that for this flash: the board has not restarted and has the same partitions in the
    /// same use, and can still write them in the same way. A block that was changed since is in the backup made now.
    private func isPlanned(for flash: SurveyedFlash) async throws -> Bool {
        let then = prepared.comparison.survey
        guard !prepared.choice.unlocks, let boot = then.bootID, boot == flash.survey.bootID,
            then.partitions == flash.survey.partitions, journal.unfinished.isEmpty,
            journal.failing(on: flash.survey.board).isEmpty, let writer = flash.writer
        else { return false }
        for part in confirmed.parts {
            try await writer.prove(part.partition)
            guard (try? writer.method(for: part.partition)) == part.method else { return false }
        }
        return true
    }

    /// Backs up the board again, if the last backup does not have what is about to be overwritten.
    private func keepChanges(
        _ plan: RestorePlan, _ flash: SurveyedFlash, of board: any FlashBoard, beside place: FilePath
    ) async throws {
        guard let last = backups.last, try await !keeper.has(plan, flash, in: last) else { return }
        let next = try keeper.another(beside: place)
        progress(
            .note(
                "the board was written to since that backup: also backing up what is there now, to "
                    + "\(PlainText.line(next.string))"))
        backups.append(try await keeper.make(flash, of: board, at: next).path)
    }

    /// - Returns: the block at which it stopped because it failed to store its bytes; nil if everything was written.
    private func write(
        _ plan: RestorePlan, _ flash: SurveyedFlash, of board: any FlashBoard
    ) async throws -> RestoreExecutor.FailingBlock? {
        guard let writer = flash.writer else {
            throw FlashkeepError(
                .toolMissing,
                what: "Flash cannot be written through the \(board.accessMethod): \(flash.hints.noWriter.why).",
                why: "The plan was made through another access method.",
                next: "Run the same command again, or \(flash.hints.noWriter.next).")
        }
        let executor = RestoreExecutor(
            prepared.bag, flash, writer, journal, counts: counts, timestamp: environment.timestamp, progress: progress)
        return try await executor.run(plan)
    }

    /// Records a block that failed to store its bytes, so that the next plan replaces it.
    private func setAside(_ failing: RestoreExecutor.FailingBlock) throws {
        let title = PlainText.partition(failing.partition.label, failing.partition.name)
        let place = prepared.comparison.new.places.first { $0.partition.index == failing.partition.index }
        let stretch = place.map { place in
            FlashStretch(space: place.space, range: failing.range.shifted(by: place.range.lowerBound))
        }
        let identity = FlashLayout(prepared.bag.manifest, on: prepared.comparison.new)
        guard let stretch,
            let run = identity.runs[stretch.space]?.first(where: {
                $0.range.clamped(to: stretch.range) == stretch.range
            })
        else { throw failing.error }
        let block = RestoreEntry.Block(
            image: prepared.bag.manifest.images[run.source].path, offset: run.inSource(stretch.range).lowerBound,
            size: stretch.range.count)
        guard !journal.failing(on: prepared.planning.board).contains(block) else { throw failing.error }
        try journal.append(
            RestoreEntry(.failing, at: environment.timestamp(), partition: title, block: block))
        progress(
            .warning(
                "the block at \(ByteCount.hex(failing.range.lowerBound)) of \(title) failed to program; its content "
                    + "goes to another block."
            ))
        report.setAside += 1
    }
}
