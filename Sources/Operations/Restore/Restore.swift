package import BackupBags
package import BoardChannels
package import FlashAccess
package import FlashModel
package import LocalFiles
package import SystemPackage

/// What planning came to.
package struct RestorePlanning: Sendable, Codable, Hashable {
    /// Of this document.
    package var formatVersion = 1
    /// nil where it was refused.
    package var plan: RestorePlan?
    /// Why it was refused; empty where there is a plan.
    package var refusals: [RestoreRefusal]
    /// The board as it is now.
    package var board: BoardIdentity
    /// Bytes that were compared.
    package var bytesCompared: Int
}

/// A restore that was planned, and can be carried out.
package struct PreparedRestore: Sendable {
    package let planning: RestorePlanning
    let path: FilePath
    let choice: RestoreChoice
    let bag: IntactBag
    let comparison: BoardComparison
}

/// What a restore came to.
package struct RestoreReport: Sendable, Codable, Hashable {
    /// Of this document.
    package var formatVersion = 1
    package var plan: RestorePlan
    /// Erase blocks that were written and read back.
    package var blocksWritten: Int
    package var erases: Int
    /// Bytes that were sent to flash.
    package var bytesWritten: Int
    /// What was on the board before; nil where nothing was to be written.
    package var backupBefore: String?
    /// What others wrote to the board since, while the restore was broken off.
    package var backupsSince: [String] = []
    /// Erase blocks that an earlier restore left half written, and that this one was not asked for.
    package var unfinished = 0
    /// How often the board had to be reached again.
    package var reconnects: Int
    /// Erase blocks that did not take their bytes, which went to others.
    package var setAside = 0
}

/// What is known of a restore that was begun.
package struct RestoreStatus: Sendable, Codable, Hashable {
    package struct Part: Sendable, Codable, Hashable {
        /// A partition as `mtd3 "rootfs"`.
        package var partition: String
        /// Erase blocks that its plan had.
        package var planned: Int
        package var done: Int
        /// Blocks that may hold anything: bytes from the start of an image.
        package var unfinished: [RestoreEntry.Block]
        /// Places that did not take their bytes, which went elsewhere.
        package var setAside: [RestoreEntry.Block]
    }

    /// Of this document.
    package var formatVersion = 1
    package var backup: String
    /// nil where this backup was never restored from here.
    package var address: String?
    package var begunAt: String?
    package var lastAt: String?
    package var isEnded: Bool
    package var parts: [Part]
    /// What was on the board before; nil where that was not finished, and nothing was written.
    package var backupBefore: String?
    /// What others wrote to the board since.
    package var backupsSince: [String]
    /// Whether any block may be half written.
    package var isWhole: Bool { parts.allSatisfy(\.unfinished.isEmpty) }
}

/// Puts a backup back.
package enum Restore {
    /// Finds out what a restore would do. The board is only read.
    ///
    /// - Throws: ``FlashkeepError``: `bagDamaged` before the board is touched; `layoutChanged` where it has no flash in
    ///   common with the backup; what the board throws.
    package static func plan(
        _ path: FilePath, on reacher: any BoardReaching, choice: RestoreChoice,
        transcript: TranscriptLog = TranscriptLog(), progress: @escaping ProgressHandler = { _ in }
    ) async throws -> PreparedRestore {
        let bag = try await IntactBag.open(path, progress: progress)
        let journal = try RestoreJournal(of: path)
        progress(.began(.connecting, bytes: nil))
        return try await reacher.withBoard(transcript: transcript) { board in
            progress(.ended(.connecting))
            return try await unlocked(board, choice) {
                let comparison = try await BoardComparison.run(
                    bag, board, names: (path.string, reacher.address), depth: .blocks,
                    placing: placing(bag, choice, journal), progress: progress)
                return PreparedRestore(
                    planning: try await planning(path, bag, board, comparison, reacher.address, choice, journal),
                    path: path,
                    choice: choice, bag: bag, comparison: comparison)
            }
        }
    }

    /// Does what a plan says, after a backup of all that is on the board now. Nothing is written that is not in the plan.
    ///
    /// - Parameters:
    ///   - before: where the backup of what is on the board now goes.
    ///   - isBeforeChosen: whether the user said so; else one that was broken off is gone on with, wherever it is.
    ///   - reconnects: how often a lost board is reached again.
    /// - Throws: ``FlashkeepError``, `CancellationError`; the same call goes on where it was.
    package static func run(
        _ prepared: PreparedRestore, on reacher: any BoardReaching, before: FilePath, isBeforeChosen: Bool = true,
        reconnects: Int = 5, environment: OperationEnvironment,
        transcript: TranscriptLog = TranscriptLog(), disk: Disk = Disk(), progress: @escaping ProgressHandler = { _ in }
    ) async throws -> RestoreReport {
        defer { transcript.close() }
        let (path, bag) = (prepared.path, prepared.bag)
        guard let confirmed = prepared.planning.plan else { throw refused(prepared.planning) }
        var report = RestoreReport(
            plan: confirmed, blocksWritten: 0, erases: 0, bytesWritten: 0, backupBefore: nil, reconnects: 0)
        let journal = try RestoreJournal(of: path, disk: disk)
        guard confirmed.blockCount > 0 else {
            if journal.isUnderWay {
                report.backupBefore = journal.earlierBackups.first
                try journal.append(RestoreEntry(.ended, at: environment.timestamp()))
            }
            report.unfinished = journal.unfinished.count
            return report
        }
        let kept = KnownFlashBoard.Count()
        let keeper = BeforeBackup(
            prepared: prepared, address: reacher.address, count: kept, environment: environment, journal: journal,
            disk: disk, progress: progress)
        var backups = journal.earlierBackups
        let place = try backups.last.map { FilePath($0) } ?? keeper.place(before, isChosen: isBeforeChosen)
        if backups.isEmpty { backups += [try keeper.adopt(place)].compactMap(\.self) }
        if let last = backups.last {
            progress(.note("what was on the board before is in \(PlainText.line(last)) already"))
        }
        try journal.append(
            RestoreEntry(
                .planned, at: environment.timestamp(), address: reacher.address, board: prepared.planning.board,
                blocks: Dictionary(
                    confirmed.parts.map {
                        (PlainText.partition($0.partition.index, $0.partition.name), $0.blocks.count)
                    }, uniquingKeysWith: +),
                backup: place.string))
        let counts = RestoreExecutor.Counts()
        var lost = 0
        while true {
            let achieved = counts.places.count + kept.bytes
            var isConnected = false
            do {
                progress(.began(.connecting, bytes: nil))
                try await reacher.withBoard(transcript: transcript) { board in
                    isConnected = true
                    progress(.ended(.connecting))
                    // What was not seen just now may be another's by now.
                    var isKept = backups.isEmpty
                    if backups.isEmpty {
                        progress(
                            .note("what is on the board now is backed up first, to \(PlainText.line(place.string))"))
                        backups.append(try await keeper.make(board, at: place))
                    }
                    try await unlocked(board, prepared.choice) {
                        while true {
                            let (planning, survey) = try await planAgain(
                                prepared, confirmed, board, reacher.address, journal, progress)
                            let plan = try agreed(planning, with: confirmed, journal)
                            guard plan.blockCount > 0 else { return }
                            if !isKept, let last = backups.last {
                                if try await !keeper.has(plan, survey, board, in: last) {
                                    let next = try keeper.another(beside: place)
                                    progress(
                                        .note(
                                            "the board was written to since that backup was made: what is there now is "
                                                + "backed up too, to \(PlainText.line(next.string))"))
                                    backups.append(try await keeper.make(board, at: next))
                                }
                                isKept = true
                            }
                            guard let writer = board.writer else { throw cannotWrite(board) }
                            let executor = RestoreExecutor(
                                bag, board, writer, journal, counts: counts, timestamp: environment.timestamp,
                                progress: progress)
                            guard let failing = try await executor.run(plan) else { return }
                            try setAside(failing, prepared, journal, environment, progress)
                            report.setAside += 1
                        }
                    }
                }
                break
            } catch let error as FlashkeepError
                where [.boardLost, .boardSilent, .noReplyInTime].contains(error.code) || lost > 0 && !isConnected
            {
                // A board that is starting again may refuse for a while.
                try Task.checkCancellation()
                if counts.places.count + kept.bytes > achieved { lost = 0 }
                guard lost < reconnects else { throw error }
                lost += 1
                report.reconnects += 1
                progress(.warning("\(error.what) \(error.why) Trying again (\(lost) of \(reconnects))."))
                try await environment.sleep(.seconds(min(60, 5 * lost)))
            }
        }
        report.blocksWritten = counts.blocks
        report.erases = counts.erases
        report.bytesWritten = counts.bytes
        report.backupBefore = backups.first
        report.backupsSince = Array(backups.dropFirst())
        report.unfinished = journal.unfinished.count
        try journal.append(RestoreEntry(.ended, at: environment.timestamp()))
        return report
    }

    /// What became of the last restore of a backup.
    ///
    /// - Throws: what ``BackupBags/BagReader/open(_:tolerant:disk:)`` throws where there is no backup.
    package static func status(_ path: FilePath) throws -> RestoreStatus {
        _ = try BagReader.open(path, tolerant: true)
        let journal = try RestoreJournal(of: path)
        let entries = journal.entries
        var status = RestoreStatus(
            backup: path.string, address: nil, begunAt: entries.first?.at, lastAt: entries.last?.at,
            isEnded: !entries.isEmpty && !journal.isUnderWay, parts: [], backupsSince: [])
        var planned: [String: Int] = [:]
        var done: [String: Set<RestoreEntry.Block>] = [:]
        for entry in entries {
            status.address = entry.address ?? status.address
            if entry.act == .backedUp, let backup = entry.backup {
                if status.backupBefore == nil {
                    status.backupBefore = backup
                } else {
                    status.backupsSince.append(backup)
                }
            }
            // A plan that takes up another has what that had not done.
            for (partition, count) in entry.blocks ?? [:] {
                planned[partition] = (done[partition]?.count ?? 0) + count
            }
            guard entry.act == .done, let partition = entry.partition, let block = entry.block else { continue }
            done[partition, default: []].insert(block)
        }
        let unfinished = Dictionary(grouping: journal.unfinished, by: { $0.partition ?? "" })
        let setAside = Dictionary(
            grouping: entries.filter { $0.act == .failing }, by: { $0.partition ?? "" })
        let all = Set(planned.keys).union(done.keys).union(unfinished.keys).union(setAside.keys)
        status.parts = all.sorted().map { partition in
            RestoreStatus.Part(
                partition: partition, planned: max(planned[partition] ?? 0, done[partition]?.count ?? 0),
                done: done[partition]?.count ?? 0,
                unfinished: (unfinished[partition] ?? []).compactMap(\.block),
                setAside: (setAside[partition] ?? []).compactMap(\.block))
        }
        return status
    }

    // MARK: Steps

    /// What writes, for a task that is waited for at once.
    private struct Locking: @unchecked Sendable {
        let writer: any FlashWriting
    }

    /// Runs the body while what the board's system keeps read-only is writable, where that is wanted.
    private static func unlocked<Result>(
        _ board: any FlashBoard, _ choice: RestoreChoice, _ body: () async throws -> Result
    ) async throws -> Result {
        guard choice.unlocks, let writer = board.writer else { return try await body() }
        // What writes knows its board once that was looked at.
        _ = try await board.survey()
        try await writer.unlock()
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        // In a task of its own: also where the user has cancelled everything.
        let used = Locking(writer: writer)
        await Task { try? await used.writer.lock() }.value
        return try result.get()
    }

    /// What of a plan is still to be done: only its own blocks are looked at.
    private static func planAgain(
        _ prepared: PreparedRestore, _ confirmed: RestorePlan, _ board: any FlashBoard, _ address: String,
        _ journal: RestoreJournal, _ progress: @escaping ProgressHandler
    ) async throws -> (RestorePlanning, Survey) {
        progress(.began(.surveying, bytes: nil))
        let (survey, _) = try await board.survey()
        progress(.ended(.surveying))
        let blocks = confirmed.parts.flatMap(\.blocks).map {
            RestoreEntry.Block(image: $0.image, offset: $0.imageOffset, size: $0.size)
        }
        var stretches = places(of: blocks, prepared.bag, prepared.comparison.old)
        // Where a block was set aside, others are to be written than those of the plan.
        let aside = places(of: journal.failing(on: survey.board), prepared.bag, FlashLayout(prepared.bag.manifest))
        stretches += aside.compactMap { prepared.comparison.area(of: $0)?.stretch }
        let ranges = Dictionary(grouping: stretches, by: \.space)
        let comparison = try await BoardComparison.run(
            prepared.bag, board, survey, names: (prepared.path.string, address),
            only: ranges.mapValues { PartitionMap.merged($0.map(\.range)) }, depth: .blocks,
            placing: placing(prepared.bag, prepared.choice, journal), progress: progress)
        let planning = try await planning(
            prepared.path, prepared.bag, board, comparison, address, prepared.choice, journal)
        return (planning, survey)
    }

    private static func planning(
        _ path: FilePath, _ bag: IntactBag, _ board: any FlashBoard, _ comparison: BoardComparison, _ address: String,
        _ choice: RestoreChoice, _ journal: RestoreJournal
    ) async throws -> RestorePlanning {
        let unfinished = places(of: journal.unfinished.compactMap(\.block), bag, comparison.old)
        try await prove(board, comparison, unfinished)
        let planner = RestorePlanner(
            backup: path.string, address: address, manifest: bag.manifest, comparison: comparison, choice: choice,
            rate: board.usualRate,
            method: { partition throws(WriteRefusal) in
                guard let writer = board.writer else {
                    throw WriteRefusal(
                        why: "flash cannot be written by way of \(board.way) yet",
                        next: "start an initramfs and restore through its Linux")
                }
                return try writer.method(for: partition)
            },
            lostToBadBlocks: try lost(comparison, bag),
            unfinished: unfinished,
            openElsewhere: journal.isOpen ? journal.board : nil, journal: journal.place.string)
        var planning = RestorePlanning(
            plan: nil, refusals: [], board: comparison.survey.board, bytesCompared: comparison.overlay.size)
        switch planner.outcome() {
        case .plan(let plan): planning.plan = plan
        case .refused(let refusals): planning.refusals = refusals
        }
        return planning
    }

    /// Has the board show that it can write what differs, before a plan promises it.
    private static func prove(
        _ board: any FlashBoard, _ comparison: BoardComparison, _ unfinished: [FlashStretch]
    ) async throws {
        guard let writer = board.writer else { return }
        let stretches = comparison.findings.map(\.stretch) + unfinished
        for place in comparison.new.places where place.partition.isWritable != false && place.partition.uses.isEmpty {
            guard stretches.contains(where: { $0.overlaps(place.stretch) }) else { continue }
            try await writer.prove(place.partition)
        }
    }

    /// Blocks that went bad since the backup, for which it has data.
    private static func lost(_ comparison: BoardComparison, _ bag: IntactBag) throws -> [FlashStretch] {
        var lost: [FlashStretch] = []
        for hole in comparison.overlay.newHoles.values.joined() where hole.state.isBad {
            let was = (comparison.overlay.oldHoles[hole.space] ?? []).map(\.range)
            for part in PartitionMap.gaps(in: hole.range, leaving: was) {
                for run in comparison.old.runs[hole.space] ?? [] where run.range.overlaps(part) {
                    let bytes = try bag.image(run.source).bytes(
                        run.inSource(part.clamped(to: run.range)))
                    if bytes.contains(where: { $0 != 0xFF }) {
                        lost.append(FlashStretch(space: hole.space, range: part))
                    }
                }
            }
        }
        return lost
    }

    /// Where blocks of the backup belong.
    private static func places(
        of blocks: [RestoreEntry.Block], _ bag: IntactBag, _ layout: FlashLayout
    ) -> [FlashStretch] {
        let runs = Dictionary(grouping: layout.runs.values.joined()) { bag.manifest.images[$0.source].path }
        return blocks.flatMap { block in
            (runs[block.image] ?? []).compactMap { run -> FlashStretch? in
                let start = block.offset - run.sourceOffset
                guard start >= 0, start <= run.range.count, block.size <= run.range.count - start else { return nil }
                let first = run.range.lowerBound + start
                return FlashStretch(space: run.space, range: first..<first + block.size)
            }
        }
    }

    private static func placing(
        _ bag: IntactBag, _ choice: RestoreChoice, _ journal: RestoreJournal
    ) -> BoardComparison.Placing {
        { old, new, board in
            try BlockPlacement(
                old, on: new, bag, streams: choice.isStream, failing: places(of: journal.failing(on: board), bag, old))
        }
    }

    /// Remembers a block that does not take its bytes, so that the next plan has another one in its place.
    private static func setAside(
        _ failing: RestoreExecutor.FailingBlock, _ prepared: PreparedRestore, _ journal: RestoreJournal,
        _ environment: OperationEnvironment, _ progress: ProgressHandler
    ) throws {
        let title = PlainText.partition(failing.partition.index, failing.partition.name)
        let place = prepared.comparison.new.places.first { $0.partition.index == failing.partition.index }
        let stretch = place.map { place in
            FlashStretch(space: place.space, range: failing.range.shifted(by: place.range.lowerBound))
        }
        let identity = FlashLayout(prepared.bag.manifest)
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
                "\(title) does not take its bytes at \(ByteCount.hex(failing.range.lowerBound)); they go to another block."
            ))
    }

    private static func refused(_ planning: RestorePlanning) -> FlashkeepError {
        let first = planning.refusals.first
        return FlashkeepError(
            .layoutChanged, what: "The board is no longer as it was when the plan was made.",
            why: first.map { "\($0.subject): \($0.why)" } ?? "", next: first?.next ?? "Run the same command again.")
    }

    /// A new plan, if it is a part of the one that the user saw, or differs from it only where a block was set aside.
    private static func agreed(
        _ planning: RestorePlanning, with confirmed: RestorePlan, _ journal: RestoreJournal
    ) throws -> RestorePlan {
        guard let plan = planning.plan else { throw refused(planning) }
        let seen = Set(confirmed.parts.flatMap { part in part.blocks.map { Key(part.partition, $0) } })
        let moving =
            journal.failing(on: planning.board).isEmpty
            ? [] : Set(confirmed.parts.filter { $0.policy == .ubi }.map(\.partition.index))
        for part in plan.parts where part.policy != .ubi || !moving.contains(part.partition.index) {
            for block in part.blocks where !seen.contains(Key(part.partition, block)) {
                throw FlashkeepError(
                    .layoutChanged,
                    what: "mtd\(part.partition.index) was written to since the plan was made, or is another now.",
                    why: "Its block at \(ByteCount.hex(block.offset)) was not in the plan.",
                    next: "Run the same command again and look at the new plan.")
            }
        }
        return plan
    }

    /// A block and its place, whichever of the partitions that share it it is written through.
    private struct Key: Hashable {
        /// nil where the place on the chip is known.
        var partition: Int?
        var chip: String
        var offset: Int
        var image: String
        var imageOffset: Int

        init(_ partition: Partition, _ block: RestorePlan.Block) {
            let start = partition.offsetSource == .guess ? nil : partition.offset
            self.partition = start == nil ? partition.index : nil
            chip = partition.chip
            offset = block.offset + (start ?? 0)
            image = block.image
            imageOffset = block.imageOffset
        }
    }

    private static func cannotWrite(_ board: any FlashBoard) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "Flash cannot be written by way of \(board.way) yet.",
            why: "Only a Linux shell can.", next: "Start an initramfs and restore through its Linux.")
    }
}
