import BackupBags
import BoardChannels
import FlashAccess
import FlashModel
import LocalFiles
import SystemPackage

/// A backup in progress. It outlasts connections: each adds what is still missing.
final class BackupRun {
    private let address: String
    private let options: BackupOptions
    private let environment: OperationEnvironment
    private let transcript: TranscriptLog
    private let disk: Disk
    private let progress: ProgressHandler
    private let startedAt: String
    /// nil until a board has been surveyed.
    private var draft: BackupDraft?
    /// The proofs by path in the bag.
    private var proofs: [String: Proof] = [:]
    private var warnings: [String] = []
    /// Partitions that appeared during the backup, one line each.
    private var doubts: [String] = []
    /// The number of repeated requests, over all connections.
    var retries = 0

    init(
        address: String, options: BackupOptions, environment: OperationEnvironment, transcript: TranscriptLog,
        disk: Disk, progress: @escaping ProgressHandler
    ) {
        self.address = address
        self.options = options
        self.environment = environment
        self.transcript = transcript
        self.disk = disk
        self.progress = progress
        startedAt = environment.timestamp()
    }

    var isBegun: Bool { draft != nil }

    /// Grows with everything that need not be done again.
    var achieved: Int { (draft?.builder.presentBytes ?? 0) + proofs.count }

    /// Saves the progress before waiting for a lost board.
    func noteLoss() {
        retries += 1
        try? draft?.builder.checkpoint()
    }

    /// Saves the progress, whatever ended the backup.
    func close() {
        transcript.close()
        try? draft?.builder.checkpoint()
    }

    // MARK: One connection

    /// Reads and proves everything that is missing.
    ///
    /// - Parameters:
    ///   - board: the board with this flash.
    ///   - computed: checksums of its flash that the board has computed already, by MTD number.
    /// - Throws: errors of the board, `layoutChanged`, `toolMissing`, `diskFull` and others.
    func capture(
        _ flash: SurveyedFlash, of board: any FlashBoard, computed: [Int: [BoardChecksum]] = [:]
    ) async throws -> BackupCapture {
        let draft = try draft(for: flash)
        try refuseMissingOOB(flash, draft)
        let captures = try imageCaptures(draft)
        try await read(captures, draft, from: flash)
        if options.proof == .best {
            // The proof must be of the partitions that were read.
            try await checkLayout(flash, draft)
            try await prove(captures, draft, on: flash, computed)
        }
        try await checkLayout(flash, draft)
        return BackupCapture(
            draft: draft, way: board.accessMethod, transfer: flash.transfer.transferName,
            commands: flash.transfer.commands,
            procedures: Self.procedures(flash))
    }

    /// Starts the backup at the first survey; later surveys must show the same board.
    private func draft(for flash: SurveyedFlash) throws -> BackupDraft {
        let chosen = try chosen(flash.survey)
        let plan = BackupPlan(flash.survey, withOOB: options.withOOB, only: chosen.map { Set($0.map(\.index)) })
        if let draft {
            let differences = plan.identity(flash.survey).differences(from: draft.plan.identity(draft.survey))
            guard differences.isEmpty else {
                throw FlashkeepError(
                    .layoutChanged, what: "After reconnecting, a different board answers.",
                    why: differences.joined(separator: "; "),
                    next: "Start the board in the same way as before and run the command again, or use another --to.")
            }
            return draft
        }
        for warning in flash.survey.warnings + flash.survey.unknowns.map(\.text) { progress(.warning(warning)) }
        guard plan.size > 0 else { throw Self.nothingToRead(flash) }
        let begun = BackupDraft(
            survey: flash.survey, evidence: flash.evidence, plan: plan, builder: try open(flash.survey, plan),
            only: chosen?.map(\.title))
        draft = begun
        return begun
    }

    /// The partitions that the user asks for; nil for all.
    ///
    /// - Throws: `usage` if a name is none, or that of several.
    private func chosen(_ survey: Survey) throws -> [Partition]? {
        guard !options.only.isEmpty else { return nil }
        guard !PartitionSelection.words(options.only, names: []).isEmpty else {
            throw FlashkeepError(
                .usage, what: "--only is empty.", why: "It names no partition.",
                next: "Give partitions such as mtd3,rootfs, or omit --only for all of the flash.")
        }
        do {
            return try PartitionSelection(options.only).resolve(in: survey.partitions)
        } catch {
            let (word, why) =
                switch error {
                case .unknown(let word): (word, "The board has no such partition; it has ")
                case .ambiguous(let word, let count): (word, "\(count) partitions have this name; the board has ")
                }
            throw FlashkeepError(
                .usage, what: "--only \(PrintableText.escaped(word, limit: 60)) is invalid.",
                why: why + survey.partitions.prefix(30).map(\.title).joined(separator: ", ") + ".",
                next: "Give a label such as \(survey.partitions.first?.label ?? "mtd0"), or a name from this list.")
        }
    }

    /// Creates the bag, or opens an unfinished one of the same board.
    private func open(_ survey: Survey, _ plan: BackupPlan) throws -> BagBuilder {
        let target = try options.target ?? BackupName.target(for: survey, in: options.folder, day: environment.day)
        let builder = try BagBuilder.open(
            target: target, identity: plan.identity(survey), needed: plan.size, disk: disk)
        if builder.isResumed {
            progress(
                .note("resuming \(builder.partial): it already has \(ByteCount.text(builder.resumedBytes))"))
        } else {
            progress(.note("the backup is made in \(builder.partial) until it is complete"))
        }
        for note in builder.notes { progress(.note(note)) }
        transcript.attach(builder.transcript)
        return builder
    }

    private static func nothingToRead(_ flash: SurveyedFlash) -> FlashkeepError {
        let isSizeless = flash.survey.chips.contains { $0.exactSize == nil } && !flash.hints.unknownSize.isEmpty
        let reasons =
            flash.survey.unreadable.compactMap { skip in
                flash.survey.partition(skip.partition).map {
                    "\(PrintableText.partition($0.label, $0.name)): \(skip.reason)"
                }
            } + flash.survey.unknowns.map(\.text)
        return FlashkeepError(
            .noPartitions,
            what: "There is nothing to back up: "
                + (isSizeless ? "nobody knows how large the flash is." : "no flash was found."),
            why: reasons.isEmpty
                ? "The board shows no partition with any bytes." : reasons.prefix(3).joined(separator: "; "),
            next: isSizeless
                ? flash.hints.unknownSize : "flashkeep info shows what the board reports. \(flash.hints.noFlash)")
    }

    private func refuseMissingOOB(_ flash: SurveyedFlash, _ draft: BackupDraft) throws {
        guard options.withOOB else { return }
        guard flash.reader.readsOOB else {
            throw FlashkeepError(
                .toolMissing, what: "The OOB bytes cannot be read on this board.", why: flash.hints.noOOB.why,
                next: flash.hints.noOOB.next)
        }
        if let partition = BackupPlan.lackingOOB(draft.survey) {
            throw FlashkeepError(
                .unreadable,
                what: "The OOB bytes of \(PrintableText.partition(partition.label, partition.name)) cannot be kept.",
                why: "The size of its pages and the number of OOB bytes per page are unknown.",
                next: flash.hints.unknownPages)
        }
    }

    // MARK: Reading

    private func imageCaptures(_ draft: BackupDraft) throws -> [ImageCapture] {
        let images = try draft.plan.images.map { ($0, try draft.builder.image(path: $0.path, size: $0.size)) }
        let present = images.map { image, writer in image.size - writer.missing().total }.saturatingSum()
        let counter = ProgressCounter(
            done: present, total: draft.plan.size, stopwatch: environment.stopwatch, handler: progress)
        progress(.began(.reading, bytes: draft.plan.size))
        if present > 0 { progress(.advanced(done: present, total: draft.plan.size)) }
        return images.map { image, writer in
            ImageCapture(
                image: image, writer: writer, progress: counter, stopwatch: environment.stopwatch, tell: progress)
        }
    }

    private func read(_ captures: [ImageCapture], _ draft: BackupDraft, from flash: SurveyedFlash) async throws {
        for capture in captures where !capture.writer.missing().isEmpty {
            progress(.item(capture.image.title, bytes: capture.image.size))
            warnings += try await capture.read(from: flash.reader)
            try draft.builder.checkpoint()
        }
        progress(.ended(.reading))
    }

    // MARK: Proving

    private func prove(
        _ captures: [ImageCapture], _ draft: BackupDraft, on flash: SurveyedFlash, _ computed: [Int: [BoardChecksum]]
    ) async throws {
        progress(.began(.proving, bytes: draft.plan.size))
        let counter = ProgressCounter(
            total: draft.plan.size, stopwatch: environment.stopwatch, handler: progress)
        var made: [ImageProof] = []
        for capture in captures {
            if proofs[capture.image.path] == nil {
                progress(.item(capture.image.title, bytes: capture.image.size))
                let proof = ImageProof(capture: capture, reader: flash.reader, computed: computed)
                proofs[capture.image.path] = try await proof.prove()
                made.append(proof)
            }
            counter.add(capture.image.size)
        }
        for proof in made {
            let path = proof.capture.image.path
            if let found = proofs[path] { proofs[path] = try await proof.lookAgain(found) }
        }
        progress(.ended(.proving))
    }

    /// Checks that the board's partitions are still the ones being read. Otherwise, an image under another partition's
    /// name could be proven, and still be wrong.
    ///
    /// - Throws: `layoutChanged` if a number now refers to another partition, or the board restarted unnoticed.
    private func checkLayout(_ flash: SurveyedFlash, _ draft: BackupDraft) async throws {
        for change in try await flash.layoutChanges() {
            switch change {
            case .restarted, .replaced:
                throw FlashkeepError(
                    .layoutChanged, what: "The board's flash was repartitioned while it was being read.",
                    why: "Since the start, \(change.text).",
                    next: "The data read so far may be under wrong names: run the command again with another --to, "
                        + "while nothing else changes the board.")
            case .vanished:
                // What was read of it is valid, and the rest is listed block by block.
                let warning = "\(change.text) since the start of the backup"
                if !warnings.contains(warning) { warnings.append(warning) }
            case .appeared:
                let doubt = "\(change.text): it appeared during the backup, and is not in it"
                if !doubts.contains(doubt), !draft.survey.table.doubts.contains(doubt) {
                    doubts.append(doubt)
                    progress(.warning(doubt))
                }
            }
        }
    }

    /// How a person would write the partitions, by MTD number.
    private static func procedures(_ flash: SurveyedFlash) -> [Int: ManualProcedure] {
        guard let writer = flash.writer else { return [:] }
        return Dictionary(
            flash.survey.partitions.map { ($0.index, writer.manualProcedure(for: $0)) },
            uniquingKeysWith: { first, _ in first })
    }

    // MARK: Completion

    /// Completes the bag.
    func finish(_ capture: BackupCapture) throws -> BackupReport {
        progress(.began(.finishing, bytes: nil))
        let manifest = try capture.manifest(
            proofs: proofs, doubts: doubts, warnings: warnings,
            record: CaptureRecord(
                toolVersion: environment.toolVersion, address: address,
                way: capture.way + (capture.transfer.isEmpty ? "" : " (\(capture.transfer))"), startedAt: startedAt,
                finishedAt: environment.timestamp(), retries: retries, commands: capture.commands,
                tools: capture.draft.survey.tools, only: capture.draft.only))
        for piece in capture.draft.evidence { try capture.draft.builder.addEvidence(piece) }
        if let failure = transcript.fileFailure {
            progress(.warning("the transcript in the backup is incomplete: writing to it failed (\(failure))"))
        }
        transcript.close()
        let board = capture.draft.survey.board
        let bag = try capture.draft.builder.complete(
            manifest: manifest, restoreText: RestoreText.text(for: manifest, procedures: capture.procedures),
            bagInfo: BagInfo(
                baggingDate: environment.day, softwareAgent: "flashkeep \(environment.toolVersion)",
                description: "Flash of \(board.model ?? board.hostname ?? "a board"), "
                    + "\(ByteCount.text(capture.draft.plan.size)), by \(capture.way)",
                identifier: board.macAddresses.first))
        progress(.ended(.finishing))
        return BackupReport(
            bag: bag.string, manifest: manifest, summary: Summary(of: manifest),
            resumedBytes: capture.draft.builder.resumedBytes)
    }
}
