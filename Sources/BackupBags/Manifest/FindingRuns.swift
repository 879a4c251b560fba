package import FlashModel

extension BlockFinding {
    /// The part of it that lies in a range; nil where there is none.
    package func clipped(to bounds: Range<Int>) -> BlockFinding? {
        let clipped = range.clamped(to: bounds)
        guard !clipped.isEmpty else { return nil }
        var copy = self
        copy.offset = clipped.lowerBound
        copy.size = clipped.count
        return copy
    }
}

extension [BlockFinding] {
    /// Only what lies outside of a range.
    package func removing(_ hole: Range<Int>) -> [BlockFinding] {
        flatMap { finding -> [BlockFinding] in
            guard finding.range.overlaps(hole) else { return [finding] }
            return [
                finding.clipped(to: finding.range.lowerBound..<Swift.max(finding.range.lowerBound, hole.lowerBound)),
                finding.clipped(to: Swift.min(finding.range.upperBound, hole.upperBound)..<finding.range.upperBound),
            ].compactMap { $0 }
        }
    }

    /// Ascending, and neighbours that say the same as one.
    package func coalesced() -> [BlockFinding] {
        var result: [BlockFinding] = []
        for finding in sorted(by: { ($0.offset, $0.size) < ($1.offset, $1.size) }) {
            if let last = result.last, last.state == finding.state, last.detail == finding.detail,
                last.range.upperBound == finding.offset
            {
                result[result.count - 1].size += finding.size
            } else {
                result.append(finding)
            }
        }
        return result
    }
}
