package import FlashModel

extension [BlockFinding] {
    /// The findings outside of a range.
    package func removing(_ hole: Range<Int>) -> [BlockFinding] {
        flatMap { finding -> [BlockFinding] in
            guard finding.range.overlaps(hole) else { return [finding] }
            return [
                finding.clipped(to: finding.range.lowerBound..<Swift.max(finding.range.lowerBound, hole.lowerBound)),
                finding.clipped(to: Swift.min(finding.range.upperBound, hole.upperBound)..<finding.range.upperBound),
            ].compactMap { $0 }
        }
    }
}
