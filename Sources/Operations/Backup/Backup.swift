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
    /// What lasts beyond one connection.
    private final class Work {
        var survey: Survey?
        var evidence: [Evidence] = []
        var builder: BagBuilder?
        var proofs: [String: Proof] = [:]
        var warnings: [String] = []
        var way = ""
        var transfer = ""
        var commands: [String] = []
        /// How each partition is written by hand, by number.
        var procedures: [Int: ManualProcedure] = [:]
        var retries = 0
        var isConnected = false
        var bytesAtStart = 0

        /// Grows with everything that need not be done again.
        var achieved: Int { (builder?.presentBytes ?? 0) + proofs.count }
    }

    /// - Throws: ``FlashkeepError``, `CancellationError`; what was read is kept, and the same call goes on with it.
    package static func run(
        _ reacher: any BoardReaching, options: BackupOptions, environment: OperationEnvironment,
        transcript: TranscriptLog = TranscriptLog(), disk: Disk = Disk(), progress: @escaping ProgressHandler = { _ in }
    ) async throws -> BackupReport {
        if let target = options.target { try BagBuilder.check(target: target, disk: disk) }
        let startedAt = environment.timestamp()
        let work = Work()
        defer {
            transcript.close()
            // What was read must survive whatever ended this.
            try? work.builder?.checkpoint()
        }
        var lost = 0
        var achieved = 0
        while true {
            do {
                progress(.began(.connecting, bytes: nil))
                work.isConnected = false
                try await reacher.withBoard(transcript: transcript) { board in
                    work.isConnected = true
                    progress(.ended(.connecting))
                    defer { work.retries += board.retries }
                    try await survey(board, work, progress)
                    try open(work, options, environment, transcript, disk, progress)
                    try await capture(board, work, options, environment, progress)
                    try await checkLayout(board, work, progress)
                    work.way = board.way
                    work.transfer = board.transferName
                    work.commands = board.commands
                    work.procedures = procedures(board, work.survey)
                }
                break
            } catch let error as FlashkeepError
                where
                (error.code == .boardLost || error.code.isLostReply || (work.survey != nil && !work.isConnected))
                && work.survey != nil && (lost < options.reconnects || (lost > 0 && work.achieved > achieved))
            {
                // It may only be restarting. Anything else than silence is final. A line that breaks again and again
                // is gone on with as long as each time brings something.
                if work.achieved > achieved { lost = 0 }
                achieved = work.achieved
                lost += 1
                work.retries += 1
                try? work.builder?.checkpoint()
                progress(.warning("\(error.what) \(error.why) Trying again (\(lost) of \(options.reconnects))."))
                try await environment.sleep(.seconds(min(60, 5 * lost)))
            }
        }
        return try finish(reacher, work, startedAt, options, environment, transcript, progress)
    }

    // MARK: Steps

    /// How the partitions are written back by hand, by number.
    private static func procedures(_ board: any FlashBoard, _ survey: Survey?) -> [Int: ManualProcedure] {
        guard let writer = board.writer, let survey else { return [:] }
        return Dictionary(
            survey.partitions.map { ($0.index, writer.manualProcedure(for: $0)) },
            uniquingKeysWith: { first, _ in first })
    }

    private static func survey(_ board: any FlashBoard, _ work: Work, _ progress: ProgressHandler) async throws {
        progress(.began(.surveying, bytes: nil))
        let (survey, evidence) = try await board.survey()
        progress(.ended(.surveying))
        if let earlier = work.survey {
            let differences = BackupPlan(survey).identity(survey).differences(
                from: BackupPlan(earlier).identity(earlier))
            guard differences.isEmpty else {
                throw FlashkeepError(
                    .layoutChanged, what: "The board is another one since it came back.",
                    why: differences.joined(separator: "; "),
                    next: "Start it in the same way as before and run the command again, or use another --to.")
            }
            return
        }
        work.survey = survey
        work.evidence = evidence
        for warning in survey.warnings + survey.unknowns.map(\.text) { progress(.warning(warning)) }
    }

    /// Sees that the board's partitions are still those that are read: a file under another's name would be proven, and
    /// wrong.
    ///
    /// - Throws: `layoutChanged` where a number stands for something else by now, or the board restarted unseen.
    private static func checkLayout(_ board: any FlashBoard, _ work: Work, _ progress: ProgressHandler) async throws {
        for change in try await board.layoutChanges() {
            switch change {
            case .restarted, .replaced:
                throw FlashkeepError(
                    .layoutChanged, what: "The board's flash was partitioned anew while it was read.",
                    why: "Since the start, \(change.text).",
                    next: "What was read may stand under wrong names: run the command again with another --to, while "
                        + "nothing else changes the board.")
            case .vanished:
                // What was read of it is right; what was not is named block by block.
                let warning = "\(change.text) since the start of the backup"
                if !work.warnings.contains(warning) { work.warnings.append(warning) }
            case .appeared:
                let doubt = "\(change.text): it appeared while the backup was made, and is not in it"
                if let table = work.survey?.table, !table.doubts.contains(doubt) {
                    work.survey?.table = table.adding([doubt])
                    progress(.warning(doubt))
                }
            }
        }
    }

    private static func open(
        _ work: Work, _ options: BackupOptions, _ environment: OperationEnvironment, _ transcript: TranscriptLog,
        _ disk: Disk, _ progress: ProgressHandler
    ) throws {
        guard work.builder == nil, let survey = work.survey else { return }
        let plan = BackupPlan(survey, withOOB: options.withOOB)
        guard plan.size > 0 else { throw nothingToRead(survey) }
        let target = try options.target ?? BackupName.target(for: survey, in: options.folder, day: environment.day)
        let builder = try BagBuilder.open(
            target: target, identity: plan.identity(survey), needed: plan.size, disk: disk)
        work.builder = builder
        work.bytesAtStart = builder.resumedBytes
        if builder.isResumed {
            progress(
                .note("going on with \(builder.partial): \(ByteCount.text(builder.resumedBytes)) are there already"))
        }
        if !builder.isResumed { progress(.note("the backup is made in \(builder.partial) until it is complete")) }
        for note in builder.notes { progress(.note(note)) }
        transcript.attach(builder.transcript)
    }

    private static func nothingToRead(_ survey: Survey) -> FlashkeepError {
        FlashkeepError(
            .noPartitions, what: "There is nothing to back up: not a byte of flash is known of.",
            why: survey.unknowns.isEmpty
                ? "The board shows no partition that has any bytes."
                : survey.unknowns.prefix(3).map(\.text).joined(separator: "; "),
            next: "flashkeep info shows what the board tells. Try another way in: its Linux, its bootloader, or a "
                + "programmer.")
    }

    private static func capture(
        _ board: any FlashBoard, _ work: Work, _ options: BackupOptions, _ environment: OperationEnvironment,
        _ progress: @escaping ProgressHandler
    ) async throws {
        guard let survey = work.survey, let builder = work.builder else { return }
        let plan = BackupPlan(survey, withOOB: options.withOOB)
        if options.withOOB, !board.readsOOB {
            throw FlashkeepError(
                .toolMissing, what: "The OOB bytes cannot be read on this board.",
                why: "It has no nanddump of mtd-utils, and no U-Boot that reads NAND as it is.",
                next: "Leave --oob out, or start an initramfs that has mtd-utils.")
        }
        if options.withOOB, let partition = BackupPlan.lackingOOB(survey) {
            throw FlashkeepError(
                .unreadable,
                what: "The OOB bytes of \(PrintableText.partition(partition.index, partition.name)) cannot be kept.",
                why: "Nothing tells how large its pages are and how many OOB bytes each has.",
                next: "Leave --oob out, or start a system whose kernel has this in /sys/class/mtd.")
        }
        var captures: [ImageCapture] = []
        var present = 0
        for image in plan.images {
            let writer = try builder.image(path: image.path, size: image.size)
            present += image.size - writer.missing().total
        }
        let count = ProgressCount(done: present, total: plan.size, environment, tell: progress)
        progress(.began(.reading, bytes: plan.size))
        if present > 0 { progress(.advanced(done: present, total: plan.size)) }
        for image in plan.images {
            let writer = try builder.image(path: image.path, size: image.size)
            let capture = ImageCapture(
                image: image, writer: writer, progress: count, stopwatch: environment.stopwatch, tell: progress)
            captures.append(capture)
            guard !writer.missing().isEmpty else { continue }
            progress(.item(title(image), bytes: image.size))
            work.warnings += try await capture.read(from: board)
            try builder.checkpoint()
        }
        progress(.ended(.reading))

        guard options.proof == .best else { return }
        // What is proven now must be what was read.
        try await checkLayout(board, work, progress)
        progress(.began(.proving, bytes: plan.size))
        let proven = ProgressCount(total: plan.size, environment, tell: progress)
        var proofs: [ImageProof] = []
        for capture in captures {
            if work.proofs[capture.image.path] == nil {
                progress(.item(title(capture.image), bytes: capture.image.size))
                let proof = ImageProof(capture: capture, board: board)
                work.proofs[capture.image.path] = try await proof.prove()
                proofs.append(proof)
            }
            proven.add(capture.image.size)
        }
        for proof in proofs {
            let path = proof.capture.image.path
            if let found = work.proofs[path] { work.proofs[path] = try await proof.lookAgain(found) }
        }
        progress(.ended(.proving))
    }

    private static func title(_ image: BackupPlan.Image) -> String {
        let names = image.pieces.map {
            PrintableText.partition($0.partition.index, $0.partition.name)
        }
        return names.joined(separator: " + ") + (image.representation == .dataWithOOB ? " with OOB" : "")
    }

    private static func finish(
        _ reacher: any BoardReaching, _ work: Work, _ startedAt: String, _ options: BackupOptions,
        _ environment: OperationEnvironment, _ transcript: TranscriptLog, _ progress: ProgressHandler
    ) throws -> BackupReport {
        guard let survey = work.survey, let builder = work.builder else {
            throw FlashkeepError(
                .internalFault, what: "The backup came to nothing.", why: "It ended before it began.",
                next: "Please report this.")
        }
        progress(.began(.finishing, bytes: nil))
        let plan = BackupPlan(survey, withOOB: options.withOOB)
        var images: [ImageRecord] = []
        for image in plan.images {
            let writer = try builder.image(path: image.path, size: image.size)
            let holes = image.pieces.flatMap { piece in piece.holes.map { piece.imageRange(of: $0.range).lowerBound } }
            images.append(
                ImageRecord(
                    path: image.path, chip: image.chip, offset: image.offset, size: image.size,
                    representation: image.representation, sha256: try writer.sha256(),
                    proof: work.proofs[image.path] ?? Proof.none, badBlocks: holes.sorted(), blocks: writer.findings))
        }
        let manifest = Manifest(
            board: survey.board, chips: survey.chips, partitions: partitions(survey, plan), images: images,
            gaps: plan.cover.gaps.map { GapRecord(chip: $0.chip, offset: $0.offset, size: $0.size, reason: $0.reason) },
            ubi: survey.ubi, table: survey.table, otherStorage: survey.otherStorage,
            capture: CaptureRecord(
                toolVersion: environment.toolVersion, address: reacher.address,
                way: work.way + (work.transfer.isEmpty ? "" : " (\(work.transfer))"), startedAt: startedAt,
                finishedAt: environment.timestamp(), retries: work.retries, commands: work.commands, tools: survey.tools
            ),
            warnings: survey.warnings + work.warnings)
        for piece in work.evidence { try builder.addEvidence(piece) }
        transcript.close()
        let name = survey.board.model ?? survey.board.hostname ?? "a board"
        let bag = try builder.complete(
            manifest: manifest, restoreText: RestoreText.text(for: manifest, procedures: work.procedures),
            bagInfo: BagInfo(
                baggingDate: environment.day, softwareAgent: "flashkeep \(environment.toolVersion)",
                description: "Flash of \(name), \(ByteCount.text(plan.size)), by \(work.way)",
                identifier: survey.board.macAddresses.first))
        progress(.ended(.finishing))
        return BackupReport(
            bag: bag.string, manifest: manifest, summary: Summary(of: manifest), resumedBytes: work.bytesAtStart)
    }

    private static func partitions(_ survey: Survey, _ plan: BackupPlan) -> [PartitionRecord] {
        survey.partitions.map { partition in
            let view = plan.cover.view(of: partition.index).flatMap { view -> PartitionRecord.View? in
                guard plan.cover.images.indices.contains(view.image) else { return nil }
                let path = "data/images/\(plan.cover.images[view.image].fileName)"
                guard plan.images.contains(where: { $0.path == path }) else { return nil }
                return PartitionRecord.View(image: path, offset: view.offset)
            }
            let reason = plan.cover.skipped.first { $0.partition == partition.index }?.reason
            return PartitionRecord(partition, view: view, reason: view == nil ? reason ?? "not read" : nil)
        }
    }
}
