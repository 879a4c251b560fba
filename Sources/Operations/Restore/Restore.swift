package import BackupBags
import FlashAccess
package import FlashModel
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
    package var backupBefore: String?
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
                    planning: try planning(path, bag, board, comparison, reacher.address, choice, journal), path: path,
                    choice: choice, bag: bag, comparison: comparison)
            }
        }
    }

    /// Does what a plan says, after a backup of all that is on the board now. Nothing is written that is not in the plan.
    ///
    /// - Parameters:
    ///   - before: where the backup of what is on the board now goes.
    ///   - reconnects: how often a lost board is reached again.
    /// - Throws: ``FlashkeepError``, `CancellationError`; the same call goes on where it was.
    package static func run(
        _ prepared: PreparedRestore, on reacher: any BoardReaching, before: FilePath, reconnects: Int = 5,
        environment: OperationEnvironment,
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
                report.backupBefore = journal.earlierBackup
                try journal.append(RestoreEntry(.ended, at: environment.timestamp()))
            }
            return report
        }
        let earlier = journal.earlierBackup
        // One that was broken off is gone on with.
        let before = journal.plannedBackup.map { FilePath($0) } ?? before
        try journal.append(
            RestoreEntry(
                .planned, at: environment.timestamp(), address: reacher.address,
                blocks: Dictionary(
                    confirmed.parts.map {
                        (PlainText.partition($0.partition.index, $0.partition.name), $0.blocks.count)
                    }, uniquingKeysWith: +),
                backup: before.string))
        let counts = RestoreExecutor.Counts()
        let kept = KnownFlashBoard.Count()
        var lost = 0
        while true {
            let achieved = counts.blocks + kept.bytes
            do {
                progress(.began(.connecting, bytes: nil))
                try await reacher.withBoard(transcript: transcript) { board in
                    progress(.ended(.connecting))
                    if report.backupBefore == nil {
                        report.backupBefore = try await keep(
                            prepared, earlier, before, board, reacher.address, kept, environment, journal, disk,
                            progress)
                    }
                    try await unlocked(board, prepared.choice) {
                        while true {
                            let plan = try agreed(
                                try await planAgain(prepared, confirmed, board, reacher.address, journal, progress),
                                with: confirmed, journal)
                            guard plan.blockCount > 0 else { return }
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
            } catch let error as FlashkeepError where [.boardLost, .boardSilent].contains(error.code) {
                if counts.blocks + kept.bytes > achieved { lost = 0 }
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
            isEnded: !entries.isEmpty && !journal.isUnderWay, parts: [])
        var planned: [String: Int] = [:]
        var done: [String: Set<RestoreEntry.Block>] = [:]
        for entry in entries {
            status.address = entry.address ?? status.address
            status.backupBefore = entry.backup ?? status.backupBefore
            for (partition, count) in entry.blocks ?? [:] where planned[partition] == nil { planned[partition] = count }
            guard entry.act == .done, let partition = entry.partition, let block = entry.block else { continue }
            done[partition, default: []].insert(block)
        }
        let unfinished = Dictionary(grouping: journal.unfinished, by: { $0.partition ?? "" })
        let setAside = Dictionary(
            grouping: entries.filter { $0.act == .failing }, by: { $0.partition ?? "" })
        let all = Set(planned.keys).union(done.keys).union(unfinished.keys).union(setAside.keys)
        status.parts = all.sorted().map { partition in
            RestoreStatus.Part(
                partition: partition, planned: planned[partition] ?? 0, done: done[partition]?.count ?? 0,
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
    ) async throws -> RestorePlanning {
        progress(.began(.surveying, bytes: nil))
        let (survey, _) = try await board.survey()
        progress(.ended(.surveying))
        let blocks = confirmed.parts.flatMap(\.blocks).map {
            RestoreEntry.Block(image: $0.image, offset: $0.imageOffset, size: $0.size)
        }
        var stretches = places(of: blocks, prepared.bag, prepared.comparison.old)
        // Where a block was set aside, others are to be written than those of the plan.
        let aside = places(of: journal.failing, prepared.bag, FlashLayout(prepared.bag.manifest))
        stretches += aside.compactMap { prepared.comparison.area(of: $0)?.stretch }
        let ranges = Dictionary(grouping: stretches, by: \.space)
        let comparison = try await BoardComparison.run(
            prepared.bag, board, survey, names: (prepared.path.string, address),
            only: ranges.mapValues { PartitionMap.merged($0.map(\.range)) }, depth: .blocks,
            placing: placing(prepared.bag, prepared.choice, journal), progress: progress)
        return try planning(
            prepared.path, prepared.bag, board, comparison, address, prepared.choice, journal)
    }

    private static func planning(
        _ path: FilePath, _ bag: IntactBag, _ board: any FlashBoard, _ comparison: BoardComparison, _ address: String,
        _ choice: RestoreChoice, _ journal: RestoreJournal
    ) throws -> RestorePlanning {
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
            unfinished: journal.isUnderWay
                ? places(of: journal.unfinished.compactMap(\.block), bag, comparison.old) : [])
        var planning = RestorePlanning(
            plan: nil, refusals: [], board: comparison.survey.board, bytesCompared: comparison.overlay.size)
        switch planner.outcome() {
        case .plan(let plan): planning.plan = plan
        case .refused(let refusals): planning.refusals = refusals
        }
        return planning
    }

    /// Blocks that went bad since the backup, for which it has data.
    private static func lost(_ comparison: BoardComparison, _ bag: IntactBag) throws -> [FlashStretch] {
        var lost: [FlashStretch] = []
        for hole in comparison.overlay.newHoles.values.joined() where hole.state.isBad {
            let was = (comparison.overlay.oldHoles[hole.space] ?? []).map(\.range)
            for part in PartitionMap.gaps(in: hole.range, leaving: was) {
                for run in comparison.old.runs[hole.space] ?? [] where run.range.overlaps(part) {
                    let bytes = try IntactBag.bytes(
                        run.inSource(part.clamped(to: run.range)), in: try bag.file(of: run.source))
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
        { old, new in
            try BlockPlacement(
                old, on: new, bag, streams: choice.isStream, failing: places(of: journal.failing, bag, old))
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
        guard !journal.failing.contains(block) else { throw failing.error }
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
        let seen = Set(confirmed.parts.flatMap { part in part.blocks.map { Key(part.partition.index, $0) } })
        let moving =
            journal.failing.isEmpty
            ? [] : Set(confirmed.parts.filter { $0.policy == .ubi }.map(\.partition.index))
        for part in plan.parts where part.policy != .ubi || !moving.contains(part.partition.index) {
            for block in part.blocks where !seen.contains(Key(part.partition.index, block)) {
                throw FlashkeepError(
                    .layoutChanged,
                    what: "mtd\(part.partition.index) was written to since the plan was made, or is another now.",
                    why: "Its block at \(ByteCount.hex(block.offset)) was not in the plan.",
                    next: "Run the same command again and look at the new plan.")
            }
        }
        return plan
    }

    private struct Key: Hashable {
        var partition: Int
        var offset: Int
        var image: String
        var imageOffset: Int

        init(_ partition: Int, _ block: RestorePlan.Block) {
            self.partition = partition
            offset = block.offset
            image = block.image
            imageOffset = block.imageOffset
        }
    }

    /// Backs up what is on the board now; what is the same as in the backup does not cross again.
    private static func keep(
        _ prepared: PreparedRestore, _ earlier: String?, _ before: FilePath, _ board: any FlashBoard,
        _ address: String, _ count: KnownFlashBoard.Count, _ environment: OperationEnvironment,
        _ journal: RestoreJournal, _ disk: Disk, _ progress: @escaping ProgressHandler
    ) async throws -> String {
        // What was on the board before the first attempt is what counts; by now some of it is overwritten.
        if let earlier, (try? BagReader.open(FilePath(earlier))) != nil { return earlier }
        if (try? BagReader.open(before)) != nil, journal.entries.contains(where: { $0.backup == before.string }) {
            try journal.append(RestoreEntry(.backedUp, at: environment.timestamp(), backup: before.string))
            return before.string
        }
        progress(.note("what is on the board now is backed up first, to \(PlainText.line(before.string))"))
        nonisolated(unsafe) let known = KnownFlashBoard(board, prepared.bag, prepared.comparison, count)
        // A lost board is reached again by the restore, which then comes here once more.
        let report = try await Backup.run(
            unsafe KnownFlashReacher(address: address, board: known),
            options: BackupOptions(target: before, reconnects: 0), environment: environment, disk: disk,
            progress: progress)
        try journal.append(RestoreEntry(.backedUp, at: environment.timestamp(), backup: report.bag))
        return report.bag
    }

    private static func cannotWrite(_ board: any FlashBoard) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "Flash cannot be written by way of \(board.way) yet.",
            why: "Only a Linux shell can.", next: "Start an initramfs and restore through its Linux.")
    }
}
