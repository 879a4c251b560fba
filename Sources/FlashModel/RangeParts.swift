extension Range<Int> {
    /// The range moved up by `distance`.
    package func shifted(by distance: Int) -> Range<Int> { lowerBound + distance..<upperBound + distance }

    /// Splits the range at each multiple of `size` inside it; returns it unsplit if `size` is not positive.
    package func cut(atMultiplesOf size: Int) -> [Range<Int>] {
        guard size > 0 else { return isEmpty ? [] : [self] }
        var parts: [Range<Int>] = []
        var start = lowerBound
        while start < upperBound {
            // For a negative position the remainder is negative.
            let rest = start % size
            let end = Swift.min(upperBound, start.plus(rest < 0 ? -rest : size - rest) ?? upperBound)
            parts.append(start..<end)
            start = end
        }
        return parts
    }
}

extension [Range<Int>] {
    /// What remains of each range without the bytes of `others`; empty ranges are dropped.
    package func removing(_ others: [Range<Int>]) -> [Range<Int>] {
        flatMap { PartitionMap.gaps(in: $0, leaving: others) }
    }

    /// The bytes of all ranges together.
    package var total: Int { reduce(0) { $0 + $1.count } }
}
