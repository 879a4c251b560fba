import FlashModel

/// Checks that a new plan does no more than the one that the user confirmed.
enum PlanAgreement {
    /// Returns a new plan if it is part of the confirmed one, or differs from it only because a block was set aside.
    ///
    /// - Parameter hasMovedBlocks: whether blocks were set aside on this board.
    /// - Throws: `layoutChanged`.
    static func plan(
        _ planning: RestorePlanning, within confirmed: RestorePlan, hasMovedBlocks: Bool
    ) throws -> RestorePlan {
        guard let plan = planning.plan else { throw refused(planning) }
        let seen = Set(confirmed.parts.flatMap { part in part.blocks.map { Key(part.partition, $0) } })
        let moving =
            hasMovedBlocks ? Set(confirmed.parts.filter { $0.policy == .ubi }.map(\.partition.index)) : []
        for part in plan.parts where part.policy != .ubi || !moving.contains(part.partition.index) {
            for block in part.blocks where !seen.contains(Key(part.partition, block)) {
                throw FlashkeepError(
                    .layoutChanged,
                    what: "\(part.partition.label) was written to since the plan was made, or is now a different "
                        + "partition.",
                    why: "Its block at \(ByteCount.hex(block.offset)) was not in the plan.",
                    next: "Run the same command again and look at the new plan.")
            }
        }
        return plan
    }

    /// Why a confirmed plan is not executed.
    static func refused(_ planning: RestorePlanning) -> FlashkeepError {
        let first = planning.refusals.first
        return FlashkeepError(
            .layoutChanged, what: "The board has changed since the plan was made.",
            why: first.map { "\($0.subject): \($0.why)" } ?? "", next: first?.next ?? "Run the same command again.")
    }

    /// A block by its position, independent of the partition that it is written through.
    private struct Key: Hashable {
        /// nil if the position on the chip is known.
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
}
