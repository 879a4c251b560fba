extension Range<Int> {
    /// The same range, so much further on.
    package func shifted(by distance: Int) -> Range<Int> { lowerBound + distance..<upperBound + distance }

    /// The range in parts, cut at each multiple of a size that lies in it; whole where the size is not positive.
    package func cut(atMultiplesOf size: Int) -> [Range<Int>] {
        guard size > 0 else { return isEmpty ? [] : [self] }
        var parts: [Range<Int>] = []
        var start = lowerBound
        while start < upperBound {
            // Of a position before 0 the remainder is negative.
            let rest = start % size
            let end = Swift.min(upperBound, start.plus(rest < 0 ? -rest : size - rest) ?? upperBound)
            parts.append(start..<end)
            start = end
        }
        return parts
    }
}
