package import BackupBags
package import BoardChannels
package import FlashAccess
package import FlashModel
package import LocalFiles
package import SystemPackage

/// The user's choices for a backup.
package struct BackupOptions: Sendable {
    /// How images are proven.
    package enum ProofKind: String, Sendable, CaseIterable {
        /// By the board's checksum, or by a second read if it has none.
        case best
        case none
    }

    /// The path of the backup; nil names it after the board and the day, in ``folder``.
    package var target: FilePath?
    /// The folder for a backup without a given name.
    package var folder: FilePath
    package var proof: ProofKind
    /// Whether NAND is saved a second time with its OOB bytes.
    package var withOOB: Bool
    /// Partitions, as `mtdN` or by name, several in one word if commas separate them; empty means all.
    package var only: [String]
    /// The most attempts in a row to reconnect to a lost board.
    package var reconnects: Int

    package init(
        target: FilePath? = nil, folder: FilePath = ".", proof: ProofKind = .best, withOOB: Bool = false,
        only: [String] = [], reconnects: Int = 5
    ) {
        self.only = only
        self.target = target
        self.folder = folder
        self.proof = proof
        self.withOOB = withOOB
        self.reconnects = reconnects
    }
}

/// The result of a backup.
package struct BackupReport: Sendable, Codable {
    /// The version of this document's format.
    package var formatVersion = 1
    /// The path of the finished bag.
    package var bag: String
    package var manifest: Manifest
    package var summary: Summary
    /// The number of bytes that an earlier, interrupted run had saved.
    package var resumedBytes: Int

    package init(bag: String, manifest: Manifest, summary: Summary, resumedBytes: Int) {
        self.bag = bag
        self.manifest = manifest
        self.summary = summary
        self.resumedBytes = resumedBytes
    }
}

/// Saves everything on a board's flash, and proves it.
package enum Backup {
    /// Makes a backup, or resumes one.
    ///
    /// - Throws: ``FlashkeepError``, `CancellationError`; what was read is kept, and the same call resumes the backup.
    package static func run(
        _ connector: any BoardConnector, options: BackupOptions, environment: OperationEnvironment,
        transcript: TranscriptLog = TranscriptLog(), disk: Disk = Disk(), progress: @escaping ProgressHandler = { _ in }
    ) async throws -> BackupReport {
        if let target = options.target { try BagBuilder.check(target: target, disk: disk) }
        let run = BackupRun(
            address: connector.address, options: options, environment: environment, transcript: transcript, disk: disk,
            progress: progress)
        defer { run.close() }
        let policy = ReconnectPolicy(
            attempts: options.reconnects, isBegun: { run.isBegun }, achieved: { run.achieved },
            onLoss: { run.noteLoss() })
        let reconnection = Reconnection(
            connector: connector, transcript: transcript, environment: environment, progress: progress)
        let capture = try await reconnection.run(policy) { board in
            defer { run.retries += board.retries }
            let flash = try await board.survey(progress)
            return try await run.capture(flash, of: board)
        }
        return try run.finish(capture)
    }
}
