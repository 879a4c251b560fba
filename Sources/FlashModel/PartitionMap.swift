/// Arithmetic on the places of partitions, the same for every way in.
package enum PartitionMap {
    /// How two ranges of one chip that share at least one byte lie to each other.
    package enum Relation: String, Sendable, Codable {
        /// The first holds the second and more.
        case contains
        /// The first lies in the second.
        case inside
        /// Both are the same range.
        case same
        /// Each has bytes that the other has not: a fault of the design, or a firmware that partitioned anew.
        case partial
    }

    /// Two partitions that share bytes.
    package struct Overlap: Sendable, Hashable {
        /// ``Partition/index`` of the one, the lower of the two.
        package var first: Int
        /// ``Partition/index`` of the other.
        package var second: Int
        /// How the first lies to the second.
        package var relation: Relation
    }

    /// How two ranges lie to each other; nil where they share no byte.
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

    /// The same bytes in as few ranges as possible, ascending; empty ranges fall away.
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

    /// What of `whole` none of the ranges reaches, ascending.
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
