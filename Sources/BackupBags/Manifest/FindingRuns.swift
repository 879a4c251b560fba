package import FlashModel

extension [BlockFinding] {
    /// The findings outside of a range.
    package func removing(_ hole: Range<Int>) -> [BlockFinding] {
        flatMap { finding -> [BlockFinding] in
            guard finding.range.overlaps(hole) else { return [finding] }
            return PartitionMap.gaps(in: finding.range, leaving: [hole]).compactMap { finding.clipped(to: $0) }
        }
    }
}
