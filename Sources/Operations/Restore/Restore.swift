import BackupBags
package import BoardChannels
package import FlashAccess
package import FlashModel
package import LocalFiles
package import SystemPackage

/// Restores a backup.
package enum Restore {
    /// Determines what a restore would do. It only reads the board.
    ///
    /// - Throws: ``FlashkeepError``: `usage` for a partition that the backup does not have, and `bagDamaged`, both
    ///   before the board is contacted; `layoutChanged` if it has no flash in common with the backup; errors of the
    ///   board.
    package static func plan(
        _ path: FilePath, on connector: any BoardConnector, choice: RestoreChoice,
        transcript: TranscriptLog = TranscriptLog(), progress: @escaping ProgressHandler = { _ in }
    ) async throws -> PreparedRestore {
        try choice.checkNames(in: path)
        let preparation = RestorePreparation(
            path: path, address: connector.address,
            bag: try await VerifiedBackup.open(
                path, images: { RestoreScope(choice, in: $0).images }, progress: progress),
            choice: choice, journal: try RestoreJournal(of: path), progress: progress)
        progress(.began(.connecting, bytes: nil))
        return try await connector.withBoard(transcript: transcript) { board in
            progress(.ended(.connecting))
            return try await board.unlocked(if: choice.unlocks) {
                try await preparation.prepare(try await board.survey(progress))
            }
        }
    }

    /// Executes a plan, after a backup of the board's present flash. Writes only what is in the plan.
    ///
    /// - Parameters:
    ///   - before: the path of the backup of the board's present flash.
    ///   - isBeforeChosen: whether the user chose it; otherwise an interrupted backup is resumed, wherever it is.
    ///   - age: the time since the board was compared; nil if unknown. What was compared a moment ago proves the backup
    ///     of the present flash; otherwise the board's checksums are computed again.
    ///   - reconnects: the most attempts in a row to reconnect to a lost board.
    /// - Throws: ``FlashkeepError``, `CancellationError`; the same call resumes the restore.
    package static func run(
        _ prepared: PreparedRestore, on connector: any BoardConnector, before: FilePath, isBeforeChosen: Bool = true,
        age: Duration? = nil, reconnects: Int = 5, environment: OperationEnvironment,
        transcript: TranscriptLog = TranscriptLog(), disk: Disk = Disk(), progress: @escaping ProgressHandler = { _ in }
    ) async throws -> RestoreReport {
        defer { transcript.close() }
        guard let confirmed = prepared.planning.plan else { throw PlanAgreement.refused(prepared.planning) }
        let run = RestoreRun(
            prepared, confirmed, address: connector.address, age: age,
            journal: try RestoreJournal(of: prepared.path, disk: disk), environment: environment, disk: disk,
            progress: progress)
        guard confirmed.blockCount > 0 else { return try run.endWithoutWork() }
        let before = try run.begin(before: before, isChosen: isBeforeChosen)
        let reconnection = Reconnection(
            connector: connector, transcript: transcript, environment: environment, progress: progress)
        let policy = ReconnectPolicy(
            attempts: reconnects, isBegun: { true }, achieved: { run.achieved }, onLoss: { run.noteLoss() })
        try await reconnection.run(policy) { try await run.proceed(on: $0, before: before) }
        return try run.end()
    }
}

extension FlashBoard {
    /// Runs the body while partitions that the board's system keeps read-only are writable, if that is wanted.
    func unlocked<Result>(if isWanted: Bool, _ body: () async throws -> Result) async throws -> Result {
        guard isWanted else { return try await body() }
        try await unlock()
        // Even if the user has cancelled everything.
        return try await withShieldedCleanup {
            try await body()
        } cleanup: {
            try? await self.lock()
        }
    }
}
