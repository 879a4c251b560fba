import BackupBags
import FlashModel

/// Something that positions of bytes are counted in, so that the flash of two backups can be laid one on the other.
enum FlashSpace: Sendable, Hashable {
    /// From the start of a chip, by its id in the older of the two.
    case chip(String)
    /// From the start of a chip that the older of the two has not.
    case otherChip(String)
    /// From the start of a partition whose place on its chip is not known: one of those of this name and size, counted
    /// from 0 in the order of their numbers.
    case partition(name: String, size: Int, occurrence: Int)
}

/// Bytes of a space.
struct FlashStretch: Sendable, Hashable {
    var space: FlashSpace
    var range: Range<Int>

    func overlaps(_ other: FlashStretch) -> Bool { space == other.space && range.overlaps(other.range) }
}

/// The bytes of flash that one of the two has, and where it has them. Pure.
struct FlashLayout: Sendable {
    /// Bytes that lie together both on flash and where they are kept.
    struct Run: Sendable, Hashable {
        var space: FlashSpace
        var range: Range<Int>
        /// What holds them: a position in the list that the layout was made from.
        var source: Int
        /// Where the first of them is in that.
        var sourceOffset: Int

        /// Where bytes of the space are in the source.
        func inSource(_ part: Range<Int>) -> Range<Int> {
            let start = sourceOffset + part.lowerBound - range.lowerBound
            return start..<start + part.count
        }
    }

    /// Bytes that mean nothing.
    struct Hole: Sendable, Hashable {
        var space: FlashSpace
        var range: Range<Int>
        var state: BlockState

        var stretch: FlashStretch { FlashStretch(space: space, range: range) }
    }

    /// A partition, and what it covers.
    struct Place: Sendable, Hashable {
        var partition: Partition
        var space: FlashSpace
        var range: Range<Int>

        var stretch: FlashStretch { FlashStretch(space: space, range: range) }
    }

    /// By place; no two of a space share bytes.
    private(set) var runs: [FlashSpace: [Run]] = [:]
    private(set) var holes: [FlashSpace: [Hole]] = [:]
    /// In the order of their numbers; those without bytes are left out.
    private(set) var places: [Place] = []

    /// Of a backup. Sources are positions in ``Manifest/images``.
    ///
    /// - Parameter chips: the backup's chip → the one that it is in the other layout; nil keeps their names.
    init(_ manifest: Manifest, chips: [String: String]? = nil) {
        var occurrences = Occurrences()
        var spaces: [String: (space: FlashSpace, start: Int)] = [:]
        let viewers = Dictionary(grouping: manifest.partitions, by: { $0.view?.image })
        for (number, image) in manifest.images.enumerated() where image.representation == .data {
            let partitions = (viewers[image.path] ?? []).map(\.partition)
            let chip = chips.map { Self.chip(image.chip, $0) } ?? .chip(image.chip)
            guard let space = Self.space(chip, image.offset, partitions, &occurrences) else { continue }
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

    /// Of a board. Sources are positions in ``pieces(of:)``, offsets those of the piece's device.
    ///
    /// - Parameter chips: the board's chip → the one that it is in the other layout.
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

    /// All pieces of a plan's images, one after another.
    static func pieces(of plan: BackupPlan) -> [BackupPlan.Piece] { plan.images.flatMap(\.pieces) }

    private static func chip(_ id: String, _ pairs: [String: String]) -> FlashSpace {
        pairs[id].map { .chip($0) } ?? .otherChip(id)
    }

    /// Where an image lies; nil where nothing tells.
    private static func space(
        _ chip: FlashSpace, _ offset: Int?, _ viewers: [Partition], _ occurrences: inout Occurrences
    ) -> (space: FlashSpace, start: Int)? {
        if let offset, viewers.allSatisfy({ ![.guess, .none].contains($0.offsetSource) }) {
            return (chip, offset)
        }
        guard viewers.count == 1, let partition = viewers.first else { return nil }
        return (occurrences.next(partition), 0)
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

    /// Has other bytes, or none, in place of all that lies in a stretch.
    ///
    /// - Parameters:
    ///   - runs: within the stretch.
    ///   - holes: within the stretch.
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

    /// Puts all in order. Of runs that share bytes, which only a foreign manifest has, the first stays.
    private mutating func settle() {
        for (space, unordered) in runs {
            var kept: [Run] = []
            for run in unordered.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
                guard run.range.lowerBound >= kept.last?.range.upperBound ?? .min else { continue }
                kept.append(run)
            }
            runs[space] = kept
        }
        places.sort { $0.partition.index < $1.partition.index }
    }
}
