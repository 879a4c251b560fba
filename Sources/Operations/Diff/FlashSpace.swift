import BackupBags
import FlashModel

/// A coordinate space for bytes of flash, so that two layouts can be compared.
enum FlashSpace: Sendable, Hashable {
    /// Offsets from the start of a chip, by its id in the older layout.
    case chip(String)
    /// Offsets from the start of a chip that the older layout lacks.
    case otherChip(String)
    /// Offsets from the start of a partition whose position on its chip is unknown. Partitions of the same name and
    /// size are counted from 0, in the order of their numbers.
    case partition(name: String, size: Int, occurrence: Int)
}

/// A range in a space.
struct FlashStretch: Sendable, Hashable {
    var space: FlashSpace
    var range: Range<Int>

    func overlaps(_ other: FlashStretch) -> Bool { space == other.space && range.overlaps(other.range) }
}

/// The bytes of flash on one side, and where each is stored. Pure.
struct FlashLayout: Sendable {
    /// Bytes that are contiguous both on flash and in their source.
    struct Run: Sendable, Hashable {
        var space: FlashSpace
        var range: Range<Int>
        /// The index of the source in the list that the layout was made from.
        var source: Int
        /// The offset of the first byte in the source.
        var sourceOffset: Int

        /// Converts a range of the space to one of the source.
        func inSource(_ part: Range<Int>) -> Range<Int> {
            let start = sourceOffset + part.lowerBound - range.lowerBound
            return start..<start + part.count
        }
    }

    /// Bytes without meaningful content.
    struct Hole: Sendable, Hashable {
        var space: FlashSpace
        var range: Range<Int>
        var state: BlockState

        var stretch: FlashStretch { FlashStretch(space: space, range: range) }
    }

    /// A partition, and the range that it covers.
    struct Place: Sendable, Hashable {
        var partition: Partition
        var space: FlashSpace
        var range: Range<Int>

        var stretch: FlashStretch { FlashStretch(space: space, range: range) }
    }

    /// Sorted by position; runs of a space do not overlap.
    private(set) var runs: [FlashSpace: [Run]] = [:]
    private(set) var holes: [FlashSpace: [Hole]] = [:]
    /// In the order of their numbers, without empty partitions.
    private(set) var places: [Place] = []

    /// Makes the layout of a backup. Sources are indices in ``Manifest/images``.
    ///
    /// - Parameters:
    ///   - chips: the other layout's chip for each of the backup's; nil keeps the ids.
    ///   - board: the layout of a board. A partition of the backup whose place is unknown, as in dumps from web pages, is
    ///     the board's partition of that name and size if each of both is the only one.
    init(_ manifest: Manifest, chips: [String: String]? = nil, on board: FlashLayout? = nil) {
        var occurrences = Occurrences()
        var spaces: [String: (space: FlashSpace, start: Int)] = [:]
        let viewers = Dictionary(grouping: manifest.partitions, by: { $0.view?.image })
        for (number, image) in manifest.images.enumerated() where image.representation == .data {
            let partitions = (viewers[image.path] ?? []).map(\.partition)
            let chip = chips.map { Self.chip(image.chip, $0) } ?? .chip(image.chip)
            var found = board?.place(of: partitions, in: manifest)
            if found == nil { found = Self.space(chip, image.offset, partitions, &occurrences) }
            guard let space = found else { continue }
            spaces[image.path] = space
            add(Run(space: space.space, range: space.start..<space.start + image.size, source: number, sourceOffset: 0))
            for finding in image.blocks where finding.state.isBad || finding.state == .unread {
                add(Hole(space: space.space, range: finding.range.shifted(by: space.start), state: finding.state))
            }
        }
        for record in manifest.partitions {
            guard let view = record.view, let (space, start) = spaces[view.image] else { continue }
            let range = (view.offset..<view.offset + record.size).shifted(by: start)
            places.append(Place(partition: record.partition, space: space, range: range))
        }
        settle()
    }

    /// Makes the layout of a board. Sources are indices in ``pieces(of:)``, with offsets on that device.
    ///
    /// - Parameter chips: the other layout's chip for each of the board's.
    init(_ survey: Survey, _ plan: BackupPlan, chips: [String: String]) {
        var occurrences = Occurrences()
        var source = 0
        for image in plan.images {
            defer { source += image.pieces.count }
            guard image.representation == .data else { continue }
            let number = plan.cover.images.firstIndex { image.path.hasSuffix("/" + $0.fileName) }
            let views = plan.cover.views.filter { $0.image == number }
            let viewers = views.compactMap { survey.partition($0.partition) }
            guard
                let (space, start) = Self.space(Self.chip(image.chip, chips), image.offset, viewers, &occurrences)
            else { continue }
            for (position, piece) in image.pieces.enumerated() {
                let first = start + piece.imageOffset
                add(
                    Run(
                        space: space, range: first..<first + piece.deviceRange.count, source: source + position,
                        sourceOffset: piece.deviceRange.lowerBound))
                for hole in piece.holes {
                    add(
                        Hole(
                            space: space, range: piece.imageRange(of: hole.range).shifted(by: start), state: hole.state)
                    )
                }
            }
            for view in views {
                guard let partition = survey.partition(view.partition) else { continue }
                let range = (view.offset..<view.offset + partition.size).shifted(by: start)
                places.append(Place(partition: partition, space: space, range: range))
            }
        }
        settle()
    }

    /// The pieces of all images of a plan, in order.
    static func pieces(of plan: BackupPlan) -> [BackupPlan.Piece] { plan.images.flatMap(\.pieces) }

    private static func chip(_ id: String, _ pairs: [String: String]) -> FlashSpace {
        pairs[id].map { .chip($0) } ?? .otherChip(id)
    }

    /// The position of an image; nil if unknown.
    private static func space(
        _ chip: FlashSpace, _ offset: Int?, _ viewers: [Partition], _ occurrences: inout Occurrences
    ) -> (space: FlashSpace, start: Int)? {
        if let offset, viewers.allSatisfy({ ![.guess, .none].contains($0.offsetSource) }) {
            return (chip, offset)
        }
        guard viewers.count == 1, let partition = viewers.first else { return nil }
        return (occurrences.next(partition), 0)
    }

    /// The place that this board gives to the partition of an image, if the backup does not know it.
    ///
    /// - Parameter viewers: the partitions in the image.
    private func place(of viewers: [Partition], in manifest: Manifest) -> (space: FlashSpace, start: Int)? {
        guard viewers.count == 1, let partition = viewers.first, !partition.isPlaced, !partition.name.isEmpty else {
            return nil
        }
        func isSame(_ other: Partition) -> Bool { other.name == partition.name && other.size == partition.size }
        let found = places.filter { isSame($0.partition) && $0.partition.isPlaced }
        guard found.count == 1, let place = found.first,
            manifest.partitions.count(where: { isSame($0.partition) }) == 1
        else { return nil }
        return (place.space, place.range.lowerBound)
    }

    /// Counts partitions of the same name and size.
    private struct Occurrences {
        private var counts: [FlashSpace: Int] = [:]

        mutating func next(_ partition: Partition) -> FlashSpace {
            let first = FlashSpace.partition(name: partition.name, size: partition.size, occurrence: 0)
            let count = counts[first, default: 0]
            counts[first] = count + 1
            return .partition(name: partition.name, size: partition.size, occurrence: count)
        }
    }

    private mutating func add(_ run: Run) {
        if !run.range.isEmpty { runs[run.space, default: []].append(run) }
    }

    private mutating func add(_ hole: Hole) {
        if !hole.range.isEmpty { holes[hole.space, default: []].append(hole) }
    }

    /// Replaces the content of a stretch.
    ///
    /// - Parameters:
    ///   - runs: the new runs, within the stretch.
    ///   - holes: the new holes, within the stretch.
    mutating func put(_ runs: [Run], _ holes: [Hole], over stretch: FlashStretch) {
        let kept = (self.runs[stretch.space] ?? []).flatMap { run in
            PartitionMap.gaps(in: run.range, leaving: [stretch.range]).map { part in
                Run(
                    space: run.space, range: part, source: run.source, sourceOffset: run.inSource(part).lowerBound)
            }
        }
        var joined: [Run] = []
        for run in (kept + runs).sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            if let last = joined.last, last.source == run.source, last.range.upperBound == run.range.lowerBound,
                last.sourceOffset + last.range.count == run.sourceOffset
            {
                joined[joined.count - 1].range = last.range.lowerBound..<run.range.upperBound
            } else {
                joined.append(run)
            }
        }
        self.runs[stretch.space] = joined
        self.holes[stretch.space] = (self.holes[stretch.space] ?? []).filter { !$0.stretch.overlaps(stretch) } + holes
    }

    /// Sorts everything. Of runs that overlap, the one that begins first is kept, and of the others what it leaves: so a
    /// container is kept whole, and what was read of its parts besides is not used.
    private mutating func settle() {
        for (space, unordered) in runs {
            var kept: [Run] = []
            let ordered = unordered.sorted {
                ($0.range.lowerBound, $1.range.upperBound, $0.source) < (
                    $1.range.lowerBound, $0.range.upperBound, $1.source
                )
            }
            for run in ordered {
                let start = max(run.range.lowerBound, kept.last?.range.upperBound ?? .min)
                guard start < run.range.upperBound else { continue }
                let rest = start..<run.range.upperBound
                kept.append(
                    Run(space: space, range: rest, source: run.source, sourceOffset: run.inSource(rest).lowerBound))
            }
            runs[space] = kept
        }
        places.sort { $0.partition.index < $1.partition.index }
    }
}
