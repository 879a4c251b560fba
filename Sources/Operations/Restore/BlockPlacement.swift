import BackupBags
import FlashModel
import ImageFormats

/// Assigns the blocks of a backup to positions on a board with other bad blocks. Pure except for reading the backup.
struct BlockPlacement: Sendable {
    /// A partition with its own policy.
    struct Area: Sendable {
        var stretch: FlashStretch
        var policy: RestorePlan.Policy
        /// The original position of each moved block, by its new position.
        var moved: [Int: Int] = [:]
        /// Why not everything can be placed, in one line; nil if it can.
        var refusal: String?
    }

    /// The wanted content of the board's flash.
    private(set) var layout: FlashLayout
    /// The areas, which do not overlap.
    private(set) var areas: [Area] = []

    /// The area that contains bytes; nil if they keep their positions.
    func area(of stretch: FlashStretch) -> Area? { areas.first { $0.stretch.overlaps(stretch) } }

    private let bag: VerifiedBackup
    private let old: FlashLayout
    private let new: FlashLayout
    private let failing: [FlashStretch]

    /// - Parameters:
    ///   - old: the layout of the backup.
    ///   - streams: whether a partition's reader skips bad blocks.
    ///   - failing: erase blocks of the board that failed to store their bytes, though they are not marked bad.
    ///   - scope: what else than it keeps its position.
    /// - Throws: errors of reading the backup.
    init(
        _ old: FlashLayout, on new: FlashLayout, _ bag: VerifiedBackup, streams: (Partition) -> Bool,
        failing: [FlashStretch], scope: RestoreScope
    ) throws {
        self.bag = bag
        self.old = old
        self.new = new
        self.failing = failing
        layout = old
        // An inner partition describes its content better than the one around it.
        let places = old.places.filter(scope.contains)
            .sorted { ($0.range.count, $0.partition.index) < ($1.range.count, $1.partition.index) }
        for place in places where !areas.contains(where: { $0.stretch.overlaps(place.stretch) }) {
            guard let blocks = PlacedBlocks(place, old, new, failing) else { continue }
            if let sources = try relocated(blocks) {
                try settle(place, blocks, policy: .ubi, sources)
            } else if streams(place.partition) {
                try settle(place, blocks, policy: .skipBad, stream(blocks))
            }
        }
    }

    // MARK: Policies

    /// The source of each block's bytes, by position, nil for none; or why there is no placement.
    private typealias Sources = Result<[Int?], PlacementRefusal>

    /// Places blocks in a relocatable format; nil if they have none.
    private func relocated(_ blocks: PlacedBlocks) throws -> Sources? {
        for format in ImageFormats.relocatable {
            let area = try format.find(
                count: blocks.count, blockSize: blocks.size, isMissing: { blocks.old[$0].isMissing },
                read: { block, offset, count in
                    guard let run = blocks.old[block].run else { return [] }
                    let start = run.inSource(blocks.range(block)).lowerBound + offset
                    return try bag.image(run.source).bytes(start..<start + count)
                })
            guard let area else { continue }
            return Sources { () throws(PlacementRefusal) in
                try area.placement(isBad: { blocks.isBad($0) }, wasBad: { blocks.old[$0].isBad })
            }
        }
        return nil
    }

    /// Keeps the order of good blocks, as a reader that skips bad blocks expects.
    private func stream(_ blocks: PlacedBlocks) throws -> Sources {
        let all = 0..<blocks.count
        let from = all.filter { !blocks.old[$0].isBad }
        let to = all.filter { !blocks.isBad($0) }
        var needed = from.count
        while needed > to.count, try isBlank(from[needed - 1], blocks) { needed -= 1 }
        guard needed <= to.count else {
            return .failure(
                PlacementRefusal(
                    why: "it fills \(needed) erase blocks, and the board has \(to.count) good ones in its place"))
        }
        var sources = [Int?](repeating: nil, count: blocks.count)
        for (source, place) in zip(from, to) { sources[place] = source }
        return .success(sources)
    }

    private func isBlank(_ block: Int, _ blocks: PlacedBlocks) throws -> Bool {
        guard let run = blocks.old[block].run else { return false }
        return try bag.image(run.source).bytes(run.inSource(blocks.range(block)))
            .allSatisfy { $0 == 0xFF }
    }

    // MARK: The layout

    private mutating func settle(
        _ place: FlashLayout.Place, _ blocks: PlacedBlocks, policy: RestorePlan.Policy, _ sources: Sources
    ) throws {
        var area = Area(stretch: place.stretch, policy: policy)
        defer { areas.append(area) }
        guard blocks.differ else { return }
        switch sources {
        case .failure(let refusal): area.refusal = refusal.why
        case .success(let sources):
            var runs: [FlashLayout.Run] = []
            var holes: [FlashLayout.Hole] = []
            for (number, source) in sources.enumerated() {
                guard let source else { continue }
                let (range, origin) = (blocks.range(number), blocks.range(source))
                if source != number { area.moved[range.lowerBound] = origin.lowerBound }
                guard let run = blocks.old[source].run else {
                    area.refusal = "the backup does not have all of its erase blocks"
                    return
                }
                runs.append(
                    FlashLayout.Run(
                        space: place.space, range: range, source: run.source,
                        sourceOffset: run.inSource(origin).lowerBound))
                holes += blocks.old[source].unread.map { hole in
                    var hole = hole
                    hole.range = hole.range.shifted(by: range.lowerBound - origin.lowerBound)
                    return hole
                }
            }
            layout.put(runs, holes, over: place.stretch)
        }
    }
}

/// The erase blocks of a partition of the backup, at the same positions on the board.
private struct PlacedBlocks {
    /// A block in the backup.
    struct Old {
        /// nil if it is not contiguous.
        var run: FlashLayout.Run?
        var isBad: Bool
        /// The parts that could not be read.
        var unread: [FlashLayout.Hole]

        var isMissing: Bool { run == nil || isBad || !unread.isEmpty }
    }

    /// The size of a block in bytes.
    let size: Int
    private let start: Int
    private(set) var old: [Old] = []
    private var bad: [Bool] = []

    /// nil if the board has no such NAND partition, or its bounds are not those of erase blocks.
    init?(_ place: FlashLayout.Place, _ layout: FlashLayout, _ new: FlashLayout, _ failing: [FlashStretch]) {
        guard let device = new.places.first(where: { $0.stretch == place.stretch })?.partition,
            device.kind.isNAND, device.eraseBlockSize > 0, place.range.count % device.eraseBlockSize == 0,
            place.range.lowerBound % device.eraseBlockSize == 0
        else { return nil }
        size = device.eraseBlockSize
        start = place.range.lowerBound
        let oldHoles = (layout.holes[place.space] ?? []).filter { $0.range.overlaps(place.range) }
        let newHoles = (new.holes[place.space] ?? []).filter { $0.state.isBad && $0.range.overlaps(place.range) }
        let runs = (layout.runs[place.space] ?? []).filter { $0.range.overlaps(place.range) }
        for range in place.range.cut(atMultiplesOf: size) {
            let holes = oldHoles.filter { $0.range.overlaps(range) }
            old.append(
                Old(
                    run: runs.first { $0.range.clamped(to: range) == range }, isBad: holes.contains { $0.state.isBad },
                    unread: holes.filter { !$0.state.isBad }))
            bad.append(
                newHoles.contains { $0.range.overlaps(range) }
                    || failing.contains { $0.overlaps(FlashStretch(space: place.space, range: range)) })
        }
    }

    var count: Int { old.count }
    /// Whether any block is good on one side only.
    var differ: Bool { zip(old, bad).contains { $0.isBad != $1 } }

    /// Whether the board cannot use a block.
    func isBad(_ block: Int) -> Bool { bad[block] }

    func range(_ block: Int) -> Range<Int> { start + block * size..<start + (block + 1) * size }
}
