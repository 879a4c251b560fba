/// A run of bytes of one MTD device; the pieces of an image are concatenated.
package struct CoverPiece: Sendable, Codable, Hashable {
    /// ``Partition/index`` of the device to read.
    package var mtd: Int
    /// Bytes from the start of that device.
    package var offset: Int
    /// The length in bytes; more than 0.
    package var length: Int

    package init(mtd: Int, offset: Int, length: Int) {
        self.mtd = mtd
        self.offset = offset
        self.length = length
    }

    /// The byte range in the device.
    package var range: Range<Int> { offset..<(offset + length) }
}

/// An image of a backup: a contiguous range of a chip, or a partition whose place is unknown.
package struct CoverImage: Sendable, Codable, Hashable {
    /// The file name, without a folder: `mtd0-RedBoot.bin`. Unique in a cover, even if case is ignored.
    package var fileName: String
    /// ``Chip/id``.
    package var chip: String
    /// Bytes from the start of the chip; nil if unknown.
    package var offset: Int?
    /// The source of ``offset``; for an image of several pieces, the worst of theirs.
    package var offsetSource: Partition.OffsetSource
    /// The size in bytes: the sum of the pieces' lengths.
    package var size: Int
    /// The pieces that it is read from, in order.
    package var pieces: [CoverPiece]

    package init(
        fileName: String, chip: String, offset: Int?, offsetSource: Partition.OffsetSource, size: Int,
        pieces: [CoverPiece]
    ) {
        self.fileName = fileName
        self.chip = chip
        self.offset = offset
        self.offsetSource = offsetSource
        self.size = size
        self.pieces = pieces
    }
}

/// Where the bytes of a partition are stored in a backup.
package struct CoverView: Sendable, Codable, Hashable {
    /// ``Partition/index``.
    package var partition: Int
    /// Position in ``ReadCoverage/images``.
    package var image: Int
    /// Bytes from the start of the image.
    package var offset: Int

    package init(partition: Int, image: Int, offset: Int) {
        self.partition = partition
        self.image = image
        self.offset = offset
    }
}

/// Bytes of a chip that no image contains.
package struct CoverGap: Sendable, Codable, Hashable {
    /// ``Chip/id``.
    package var chip: String
    /// Bytes from the start of the chip.
    package var offset: Int
    /// The size in bytes; nil if the gap extends to the end of a chip of unknown size.
    package var size: Int?
    /// The reason, for people.
    package var reason: String

    /// The ``reason`` of what the user left out.
    package static let notAskedFor = "not asked for"

    package init(chip: String, offset: Int, size: Int?, reason: String) {
        self.chip = chip
        self.offset = offset
        self.size = size
        self.reason = reason
    }

    // A size of nil is written as null, to show readers that it was not forgotten.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(chip, forKey: .chip)
        try container.encode(offset, forKey: .offset)
        try container.encode(size, forKey: .size)
        try container.encode(reason, forKey: .reason)
    }
}

/// An MTD device that is not read, without its bytes being a gap of a chip.
package struct CoverSkip: Sendable, Codable, Hashable {
    /// ``Partition/index``.
    package var partition: Int
    /// The reason, for people.
    package var reason: String

    package init(partition: Int, reason: String) {
        self.partition = partition
        self.reason = reason
    }
}

/// What a backup reads: every byte of every chip that some partition covers, exactly once.
///
/// A partition inside another is a view of the same bytes, never a second copy; the whole-chip device, if there is one,
/// is the image of its chip. Partitions that overlap in part become one image over both, read from several devices. If
/// a place is unknown or only guessed, nothing is merged: the same byte may then be read twice, but none is lost.
package struct ReadCoverage: Sendable, Codable, Hashable {
    /// The images, ordered by chip, and by offset within a chip.
    package var images: [CoverImage]
    /// For each partition that has bytes, their location.
    package var views: [CoverView]
    /// The bytes that cannot be read.
    package var gaps: [CoverGap]
    /// The devices that need not be read.
    package var skipped: [CoverSkip]
    /// Whether only some partitions are asked for.
    private var isPartial = false

    private enum CodingKeys: String, CodingKey { case images, views, gaps, skipped }

    package init(
        images: [CoverImage] = [], views: [CoverView] = [], gaps: [CoverGap] = [], skipped: [CoverSkip] = []
    ) {
        self.images = images
        self.views = views
        self.gaps = gaps
        self.skipped = skipped
    }

    /// The location of a partition's bytes; nil if the partition was skipped.
    package func view(of partition: Int) -> CoverView? { views.first { $0.partition == partition } }

    /// Plans the cover. Pure: the same survey gives the same cover.
    ///
    /// - Parameter only: the numbers of the partitions that are asked for; nil for all. What lies within one of them is a
    ///   view of it.
    package static func plan(_ survey: Survey, only: Set<Int>? = nil) -> ReadCoverage {
        var cover = ReadCoverage()
        cover.isPartial = only != nil
        let wanted = survey.partitions.filter { only?.contains($0.index) ?? true }
        let unreadable = Dictionary(survey.unreadable.map { ($0.partition, $0.reason) }) { first, _ in first }
        var readable: [Partition] = []
        // They may be where the chip has no other partition.
        var missing: [Partition] = []
        for partition in survey.partitions.sorted(by: { $0.index < $1.index }) {
            if let reason = skipReason(partition) {
                cover.skipped.append(CoverSkip(partition: partition.index, reason: reason))
            } else if !wanted.contains(where: { $0.index == partition.index || $0.holds(partition) }) {
                cover.skipped.append(CoverSkip(partition: partition.index, reason: CoverGap.notAskedFor))
            } else if let reason = unreadable[partition.index] {
                cover.skipped.append(CoverSkip(partition: partition.index, reason: reason))
                missing.append(partition)
            } else {
                readable.append(partition)
            }
        }
        var chips = survey.chips.map(\.id)
        for partition in readable where !chips.contains(partition.chip) {
            chips.append(partition.chip)
        }
        for chip in chips {
            cover.add(
                chip: chip, readable.filter { $0.chip == chip }, missing: missing.filter { $0.chip == chip },
                size: survey.chip(chip))
        }
        cover.views.sort { $0.partition < $1.partition }
        return cover
    }

    private static func skipReason(_ partition: Partition) -> String? {
        if partition.isUBIVolume {
            return "a view of a UBI volume; its bytes are in the image of the device below UBI"
        }
        if partition.isView { return "the kernel puts it together of other partitions; its bytes are in their images" }
        if partition.size <= 0 {
            return "has no bytes: it is outside of its chip, or its size is unknown"
        }
        return nil
    }

    private mutating func add(chip: String, _ partitions: [Partition], missing: [Partition], size: Chip?) {
        var placed: [(partition: Partition, range: Range<Int>)] = []
        var unplaced: [Partition] = []
        for partition in partitions {
            // Only partitions of known place can be merged with others.
            if partition.isPlaced, let range = partition.chipRange {
                placed.append((partition, range))
            } else {
                unplaced.append(partition)
            }
        }
        // Widest first at the same start, so that a container precedes its contents.
        placed.sort {
            ($0.range.lowerBound, $1.range.upperBound, $0.partition.index)
                < ($1.range.lowerBound, $0.range.upperBound, $1.partition.index)
        }

        var covered: [Range<Int>] = []
        var group: [(partition: Partition, range: Range<Int>)] = []
        var end = 0
        for member in placed {
            // Touching is not overlapping: adjacent partitions remain separate images.
            if !group.isEmpty, member.range.lowerBound >= end {
                covered.append(addImage(chip: chip, group, end: end))
                group = []
            }
            end = group.isEmpty ? member.range.upperBound : max(end, member.range.upperBound)
            group.append(member)
        }
        if !group.isEmpty {
            covered.append(addImage(chip: chip, group, end: end))
        }

        for partition in unplaced {
            let piece = CoverPiece(mtd: partition.index, offset: 0, length: partition.size)
            views.append(CoverView(partition: partition.index, image: images.count, offset: 0))
            images.append(
                CoverImage(
                    fileName: ImageName.file(partition.label, name: partition.name), chip: chip,
                    offset: partition.offset, offsetSource: partition.offsetSource, size: partition.size,
                    pieces: [piece]))
        }
        addGaps(chip: size, covered: covered, unplaced: unplaced + missing)
    }

    /// Adds one image over a group of overlapping partitions, and a view for each of them. Returns its range.
    private mutating func addImage(
        chip: String, _ group: [(partition: Partition, range: Range<Int>)], end: Int
    ) -> Range<Int> {
        guard let first = group.first else { return 0..<0 }
        let start = first.range.lowerBound
        var pieces: [CoverPiece] = []
        var names: [(label: String, name: String)] = []
        var source = first.partition.offsetSource
        var position = start
        var device = first
        while true {
            let next = device.range.upperBound < end ? Self.next(in: group, after: device.range.upperBound) : nil
            let cut = next.map { Self.cut(from: device, to: $0, after: position) } ?? device.range.upperBound
            pieces.append(
                CoverPiece(
                    mtd: device.partition.index, offset: position - device.range.lowerBound, length: cut - position))
            names.append((device.partition.label, device.partition.name))
            source = Self.worse(source, device.partition.offsetSource)
            position = cut
            guard let next else { break }
            device = next
        }
        for (partition, range) in group {
            views.append(
                CoverView(partition: partition.index, image: images.count, offset: range.lowerBound - start))
        }
        images.append(
            CoverImage(
                fileName: ImageName.file(pieces: names), chip: chip, offset: start, offsetSource: source,
                size: position - start, pieces: pieces))
        return start..<position
    }

    /// Of the members that contain the byte at `position`, the one that extends furthest; the lowest number among
    /// equals.
    private static func next(
        in group: [(partition: Partition, range: Range<Int>)], after position: Int
    ) -> (partition: Partition, range: Range<Int>)? {
        var best: (partition: Partition, range: Range<Int>)?
        for member in group where member.range.contains(position) {
            if let known = best, known.range.upperBound >= member.range.upperBound { continue }
            best = member
        }
        return best
    }

    /// Where to switch from one device to the next: at the end of the first, or, if that is not an erase block
    /// boundary, at the last boundary before it that both devices share. A piece that ends within an erase block makes
    /// both devices read a part of it.
    private static func cut(
        from device: (partition: Partition, range: Range<Int>), to next: (partition: Partition, range: Range<Int>),
        after position: Int
    ) -> Int {
        let end = device.range.upperBound
        let block = max(device.partition.eraseBlockSize, next.partition.eraseBlockSize)
        guard block > 0 else { return end }
        let edge = end - (end - next.range.lowerBound) % block
        let isEdgeOfBoth = edge % block == 0 && (edge - device.range.lowerBound) % block == 0
        return isEdgeOfBoth && edge > position ? edge : end
    }

    private static func worse(
        _ first: Partition.OffsetSource, _ second: Partition.OffsetSource
    ) -> Partition.OffsetSource {
        let order: [Partition.OffsetSource] = [
            .wholeChip, .sysfs, .dmesg, .deviceTree, .commandLine, .guess, .none,
        ]
        let rank = { order.firstIndex(of: $0) ?? order.count }
        return rank(first) >= rank(second) ? first : second
    }

    private mutating func addGaps(chip: Chip?, covered: [Range<Int>], unplaced: [Partition]) {
        guard let chip, chip.leastSize >= 0 else { return }
        let end = covered.map(\.upperBound).reduce(chip.leastSize, max)
        let ranges = PartitionMap.gaps(in: 0..<(chip.exactSize ?? end), leaving: covered)
        let unplacedSize = unplaced.map(\.size).saturatingSum()
        // Partitions of unknown place may fill what seems free; there is a gap only if they cannot fill it all. Whether
        // they do is unknown, which ``FlashUnknown`` reports.
        if isPartial || ranges.map(\.count).saturatingSum() > unplacedSize {
            let reason =
                isPartial
                ? CoverGap.notAskedFor
                : unplaced.isEmpty
                    ? "no partition of the running system covers it"
                    : "no partition with a known offset covers it; it may contain parts of "
                        + unplaced.prefix(8).map(\.label).joined(separator: ", ")
                        + (unplaced.count > 8 ? " and others" : "") + ", whose offset is unknown"
            for range in ranges {
                gaps.append(CoverGap(chip: chip.id, offset: range.lowerBound, size: range.count, reason: reason))
            }
        }
        // Partitions of unknown place may be there.
        if chip.exactSize == nil, unplaced.isEmpty || isPartial {
            let reason = isPartial ? CoverGap.notAskedFor : "the size of the chip is unknown"
            gaps.append(CoverGap(chip: chip.id, offset: end, size: nil, reason: reason))
        }
    }
}
