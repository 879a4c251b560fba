package import BackupBags
package import BoardChannels
package import FlashAccess
package import FlashModel
package import LocalFiles
package import SystemPackage

/// What a user may choose for a backup.
package struct BackupOptions: Sendable {
    /// What an image is checked against.
    package enum ProofKind: String, Sendable, CaseIterable {
        /// The board's checksum, or a second read where it has none.
        case best
        case none
    }

    /// Where the backup goes; nil names it after the board and the day, in ``folder``.
    package var target: FilePath?
    /// The folder for a backup without a name.
    package var folder: FilePath
    package var proof: ProofKind
    /// Whether NAND is kept a second time with its OOB bytes.
    package var withOOB: Bool
    /// How often a lost board is waited for and reached again.
    package var reconnects: Int

    package init(
        target: FilePath? = nil, folder: FilePath = ".", proof: ProofKind = .best, withOOB: Bool = false,
        reconnects: Int = 5
    ) {
        self.target = target
        self.folder = folder
        self.proof = proof
        self.withOOB = withOOB
        self.reconnects = reconnects
    }
}

/// What a backup came to.
package struct BackupReport: Sendable, Codable {
    /// Of this document.
    package var formatVersion = 1
    /// The finished bag.
    package var bag: String
    package var manifest: Manifest
    package var summary: Summary
    /// Bytes that an earlier, broken-off run had left.
    package var resumedBytes: Int

    package init(bag: String, manifest: Manifest, summary: Summary, resumedBytes: Int) {
        self.bag = bag
        self.manifest = manifest
        self.summary = summary
        self.resumedBytes = resumedBytes
    }
}

/// Saves everything that is on a board's flash, and proves it.
package enum Backup {
    /// - Throws: ``FlashkeepError``, `CancellationError`; what was read is kept, and the same call resumes it.
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
