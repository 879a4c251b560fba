import BackupBags
import FlashAccess
import FlashModel
import SystemPackage

/// What a plan is based on: a backup, the user's choice, and the journal of earlier restores of that backup.
struct RestorePreparation {
    let path: FilePath
    /// The board's address, without secrets.
    let address: String
    let bag: VerifiedBackup
    let choice: RestoreChoice
    let journal: RestoreJournal
    let progress: ProgressHandler

    /// - Parameter board: the layout of the board.
    private func scope(on board: FlashLayout) -> RestoreScope {
        RestoreScope(choice, in: bag.manifest, on: board)
    }

    /// Compares a board's flash with the backup, all of it or what the user chose, and plans.
    func prepare(_ flash: SurveyedFlash) async throws -> PreparedRestore {
        let layouts = ComparedLayouts(bag.manifest, flash.survey)
        let (comparison, placement) = try await compare(flash, layouts, only: scope(on: layouts.new).flash)
        return PreparedRestore(
            planning: try await planning(flash, comparison, placement), path: path, choice: choice, bag: bag,
            comparison: comparison, placement: placement)
    }

    /// Plans the remainder of a plan, comparing only its own blocks.
    func remainder(
        of confirmed: RestorePlan, _ prepared: PreparedRestore, _ flash: SurveyedFlash
    ) async throws -> RestorePlanning {
        let blocks = confirmed.parts.flatMap(\.blocks).map {
            RestoreEntry.Block(image: $0.image, offset: $0.imageOffset, size: $0.size)
        }
        var stretches = bag.stretches(of: blocks, in: prepared.comparison.old)
        // If a block was set aside, other blocks than those of the plan must be written.
        let layouts = ComparedLayouts(bag.manifest, flash.survey)
        let aside = bag.stretches(of: journal.failing(on: flash.survey.board), in: layouts.old)
        stretches += aside.compactMap { prepared.placement.area(of: $0)?.stretch }
        let (comparison, placement) = try await compare(flash, layouts, only: FlashSelection(stretches))
        return try await planning(flash, comparison, placement)
    }

    /// Places each block of the backup on the board, and compares.
    private func compare(
        _ flash: SurveyedFlash, _ layouts: ComparedLayouts, only: FlashSelection
    ) async throws -> (BoardComparison, BlockPlacement) {
        var layouts = layouts
        let placement = try BlockPlacement(
            layouts.old, on: layouts.new, bag, streams: choice.isStream,
            failing: bag.stretches(of: journal.failing(on: flash.survey.board), in: layouts.old),
            scope: scope(on: layouts.new))
        layouts.old = placement.layout
        let comparison = try await BoardComparison.run(
            bag, flash, layouts, names: (path.string, address), only: only, depth: .blocks, progress: progress)
        return (comparison, placement)
    }

    private func planning(
        _ flash: SurveyedFlash, _ comparison: BoardComparison, _ placement: BlockPlacement
    ) async throws -> RestorePlanning {
        let unfinished = bag.stretches(of: journal.unfinished.compactMap(\.block), in: comparison.old)
        try await prove(flash, comparison, unfinished)
        let planner = RestorePlanner(
            backup: path.string, address: address, manifest: bag.manifest, comparison: comparison,
            placement: placement, choice: choice, rate: flash.transfer.usualRate,
            method: { partition throws(WriteRefusal) in
                guard let writer = flash.writer else {
                    throw WriteRefusal(why: flash.hints.noWriter.why, next: flash.hints.noWriter.next)
                }
                return try writer.method(for: partition)
            },
            hints: flash.hints, lostToBadBlocks: try lost(comparison), unfinished: unfinished,
            openElsewhere: journal.isOpen ? journal.board : nil, journal: journal.place.string)
        var planning = RestorePlanning(
            plan: nil, refusals: [], board: comparison.survey.board, bytesCompared: comparison.size)
        switch planner.outcome() {
        case .plan(let plan): planning.plan = plan
        case .refused(let refusals): planning.refusals = refusals
        }
        return planning
    }

    /// Has the board prove that it can write what differs, before a plan promises it.
    private func prove(
        _ flash: SurveyedFlash, _ comparison: BoardComparison, _ unfinished: [FlashStretch]
    ) async throws {
        guard let writer = flash.writer else { return }
        let stretches = comparison.findings.map(\.stretch) + unfinished
        for place in comparison.new.places where place.partition.isWritable != false && place.partition.uses.isEmpty {
            guard stretches.contains(where: { $0.overlaps(place.stretch) }) else { continue }
            try await writer.prove(place.partition)
        }
    }

    /// Blocks that have become bad since the backup, which has data for them.
    private func lost(_ comparison: BoardComparison) throws -> [FlashStretch] {
        let chosen = scope(on: comparison.new).flash
        var lost: [FlashStretch] = []
        for hole in comparison.overlay.newHoles.values.joined() where hole.state.isBad {
            let was = (comparison.overlay.oldHoles[hole.space] ?? []).map(\.range)
            let gone = PartitionMap.gaps(in: hole.range, leaving: was)
            for part in gone.flatMap({ chosen.parts(of: $0, in: hole.space) }) {
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
}

extension VerifiedBackup {
    /// The positions of blocks of the backup.
    func stretches(of blocks: [RestoreEntry.Block], in layout: FlashLayout) -> [FlashStretch] {
        let runs = Dictionary(grouping: layout.runs.values.joined()) { manifest.images[$0.source].path }
        return blocks.flatMap { block in
            (runs[block.image] ?? []).compactMap { run -> FlashStretch? in
                let start = block.offset - run.sourceOffset
                guard start >= 0, start <= run.range.count, block.size <= run.range.count - start else { return nil }
                let first = run.range.lowerBound + start
                return FlashStretch(space: run.space, range: first..<first + block.size)
            }
        }
    }
}
