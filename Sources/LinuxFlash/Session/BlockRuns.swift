/// A set of block numbers, kept as runs.
struct BlockRuns {
    /// Ascending, not touching one another.
    private(set) var runs: [Range<Int>]

    init(_ range: Range<Int>) {
        runs = range.isEmpty ? [] : [range]
    }

    /// Whether all of a range is in the set.
    func contains(_ range: Range<Int>) -> Bool {
        runs.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }
    }

    /// Takes a range out.
    mutating func remove(_ range: Range<Int>) {
        runs = runs.flatMap { run -> [Range<Int>] in
            guard run.overlaps(range) else { return [run] }
            return [
                run.lowerBound..<max(run.lowerBound, range.lowerBound),
                min(run.upperBound, range.upperBound)..<run.upperBound,
            ].filter { !$0.isEmpty }
        }
    }
}
