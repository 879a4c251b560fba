/// Arithmetic on partition ranges, used by all connection types.
package enum PartitionMap {
    /// How two ranges of one chip overlap.
    package enum Relation: String, Sendable, Codable {
        /// The first contains the second, and is larger.
        case contains
        /// The first is inside the second, and is smaller.
        case inside
        /// Both ranges are equal.
        case same
        /// Each has bytes that the other lacks: a faulty layout, or a firmware that repartitioned the chip.
        case partial
    }

    /// Two partitions that share bytes.
    package struct Overlap: Sendable, Hashable {
        /// ``Partition/index`` of the first partition, the lower of the two.
        package var first: Int
        /// ``Partition/index`` of the second partition.
        package var second: Int
        /// The relation of the first to the second.
        package var relation: Relation
    }

    /// The relation of two ranges; nil if they share no byte.
    package static func relation(_ first: Range<Int>, _ second: Range<Int>) -> Relation? {
        guard first.overlaps(second) else { return nil }
        if first == second { return .same }
        if first.lowerBound <= second.lowerBound, first.upperBound >= second.upperBound { return .contains }
        if second.lowerBound <= first.lowerBound, second.upperBound >= first.upperBound { return .inside }
        return .partial
    }

    /// All pairs of partitions of the same chip that share bytes, as far as their places are known.
    package static func overlaps(_ partitions: [Partition]) -> [Overlap] {
        var result: [Overlap] = []
        let placed = partitions.filter { ($0.chipRange?.isEmpty ?? true) == false }.sorted { $0.index < $1.index }
        for (position, first) in placed.enumerated() {
            for second in placed.dropFirst(position + 1) where first.chip == second.chip {
                if let left = first.chipRange, let right = second.chipRange, let relation = relation(left, right) {
                    result.append(Overlap(first: first.index, second: second.index, relation: relation))
                }
            }
        }
        return result
    }

    /// Merges ranges into as few as possible, ascending; empty ranges are dropped.
    package static func merged(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for range in ranges.filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound {
                result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// The parts of `whole` that no range covers, ascending.
    package static func gaps(in whole: Range<Int>, leaving ranges: [Range<Int>]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var position = whole.lowerBound
        for range in merged(ranges.map { $0.clamped(to: whole) }) {
            if range.lowerBound > position {
                result.append(position..<range.lowerBound)
            }
            position = max(position, range.upperBound)
        }
        if position < whole.upperBound {
            result.append(position..<whole.upperBound)
        }
        return result
    }
}
