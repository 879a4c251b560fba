import FlashModel

/// The flash that a comparison or a restore is about. Pure.
struct FlashSelection: Sendable {
    /// The ranges of each space; nil for everything.
    private let ranges: [FlashSpace: [Range<Int>]]?

    static let all = FlashSelection(ranges: nil)

    private init(ranges: [FlashSpace: [Range<Int>]]?) {
        self.ranges = ranges
    }

    init(_ stretches: [FlashStretch]) {
        ranges = Dictionary(grouping: stretches, by: \.space).mapValues { PartitionMap.merged($0.map(\.range)) }
    }

    /// The parts of a range that are selected, ascending.
    func parts(of range: Range<Int>, in space: FlashSpace) -> [Range<Int>] {
        guard let ranges else { return [range] }
        return (ranges[space] ?? []).map { $0.clamped(to: range) }.filter { !$0.isEmpty }
    }
}
