import FlashModel

/// The overlay of two layouts: the bytes that both have, and those that only one has. Pure.
struct FlashOverlay: Sendable {
    /// Bytes that both layouts have.
    struct Pair: Sendable, Hashable {
        var old: FlashLayout.Run
        var new: FlashLayout.Run
        /// The range in the space of both.
        var range: Range<Int>
        /// The parts of it that are meaningful on both sides, ascending.
        var meaningful: [Range<Int>]
    }

    /// Sorted by source, then by position.
    private(set) var pairs: [Pair] = []
    /// The holes of the older side.
    private(set) var oldHoles: [FlashSpace: [FlashLayout.Hole]] = [:]
    /// The holes of the newer side.
    private(set) var newHoles: [FlashSpace: [FlashLayout.Hole]] = [:]

    init(_ old: FlashLayout, _ new: FlashLayout) {
        for (space, runs) in old.runs {
            guard let others = new.runs[space] else { continue }
            oldHoles[space] = old.holes[space]
            newHoles[space] = new.holes[space]
            let meaningless = PartitionMap.merged(((old.holes[space] ?? []) + (new.holes[space] ?? [])).map(\.range))
            var place = 0
            for run in runs {
                while place < others.count, others[place].range.upperBound <= run.range.lowerBound { place += 1 }
                for other in others[place...] {
                    let common = run.range.clamped(to: other.range)
                    if other.range.lowerBound >= run.range.upperBound { break }
                    guard !common.isEmpty else { continue }
                    pairs.append(
                        Pair(
                            old: run, new: other, range: common,
                            meaningful: PartitionMap.gaps(in: common, leaving: meaningless)))
                }
            }
        }
        pairs.sort { ($0.old.source, $0.range.lowerBound) < ($1.old.source, $1.range.lowerBound) }
    }

    /// The number of bytes to compare.
    var size: Int { Self.size(of: pairs) }

    /// The number of bytes to compare in some pairs.
    static func size(of pairs: [Pair]) -> Int { pairs.flatMap(\.meaningful).total }
}
