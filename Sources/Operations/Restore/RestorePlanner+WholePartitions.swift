import FlashAccess
import FlashModel

/// Plans for boards that can only erase whole partitions.
extension RestorePlanner {
    /// Adds all good blocks of such partitions to the plan, not only those that differ.
    func writeWholePartitions(_ chosen: Chosen, _ work: inout Work) {
        let asked = work.parts.filter { $0.value.method.erasesPartition }
        let touched = comparison.new.places.filter { place in
            asked.values.contains { $0.partition.index == place.partition.index }
        }
        // Erasing a partition also erases those within it.
        let outermost = touched.filter { place in
            !touched.contains { other in
                other.space == place.space && other.range != place.range
                    && other.range.clamped(to: place.range) == place.range
            }
        }
        let differing = Dictionary(grouping: asked.values, by: \.partition.index)
        for key in asked.keys { work.parts[key] = nil }
        for place in outermost {
            writeWhole(place, chosen, &work)
            merge(place.partition, &work)
            let inner = touched.filter { $0.space == place.space && $0.range.overlaps(place.range) }
            let count = inner.flatMap { differing[$0.partition.index] ?? [] }.map(\.blocks.count).saturatingSum()
            let all = work.parts.values.filter { $0.partition.index == place.partition.index }.map(\.blocks.count)
            work.warnings.append(
                "the board can erase only the whole of \(title(place.partition)): \(all.saturatingSum()) erase blocks "
                    + "are written for the \(count) that differ")
        }
    }

    private func writeWhole(_ place: FlashLayout.Place, _ chosen: Chosen, _ work: inout Work) {
        let size = place.partition.eraseBlockSize
        guard size > 0 else { return }
        let pairs = comparison.overlay.pairs.filter { $0.old.space == place.space && $0.range.overlaps(place.range) }
        let bad = (comparison.overlay.newHoles[place.space] ?? []).filter(\.state.isBad)
        let changes = Dictionary(
            comparison.findings.filter { $0.stretch.overlaps(place.stretch) }.map { ($0.stretch, $0.change) },
            uniquingKeysWith: { first, _ in first })
        for start in stride(from: place.range.lowerBound, to: place.range.upperBound, by: size) {
            let block = FlashStretch(space: place.space, range: start..<min(start + size, place.range.upperBound))
            if bad.contains(where: { $0.stretch.overlaps(block) }) { continue }
            let pair = pairs.first { pair in
                pair.meaningful.contains { $0.clamped(to: block.range) == block.range }
            }
            guard chosen.contains(block), let pair else {
                return work.refuse(
                    RestoreRefusal(
                        .noWay, title(place.partition),
                        why: "the board can erase only the whole partition, and "
                            + (pair == nil
                                ? "the backup has no bytes for its block at \(ByteCount.hex(start - place.range.lowerBound))"
                                : "only a part of it was requested"),
                        next: hints.betterTools))
            }
            consider(
                Candidate(place: block, change: changes[block], pair: pair), isNamed: true, through: place, &work)
        }
    }

    /// Merges the parts of one partition; the most critical role applies to all of it.
    private func merge(_ partition: Partition, _ work: inout Work) {
        let parts = work.parts.filter { $0.key.partition == partition.index }
        guard parts.count > 1, let first = parts.values.max(by: { Self.rank($0.role) < Self.rank($1.role) }) else {
            return
        }
        var whole = first
        if Set(parts.values.map(\.policy)).count > 1 { whole.policy = .absolute }
        whole.blocks = parts.values.flatMap(\.blocks)
        for key in parts.keys { work.parts[key] = nil }
        work.parts[PartKey(partition: partition.index, role: whole.role, policy: whole.policy)] = whole
    }
}
