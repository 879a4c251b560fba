package import FlashModel

/// The contents of a backup, as stored in `flashkeep.json`.
///
/// Offsets and sizes are in bytes. `Documentation/flashkeep.schema.json` describes the same for other programs.
package struct Manifest: Sendable, Codable, Hashable {
    /// The version that this program writes. A higher one is refused, because its meaning may be unknown here. Fields
    /// may be added without a new version; programs that do not know them ignore them.
    ///
    /// Version 2 records whether the board's table was complete (``table``), and allows gaps without an end. A reader
    /// of version 1 would have called such a backup whole.
    package static let currentFormatVersion = 2
    /// Its path in a bag.
    package static let path = "flashkeep.json"

    /// The ``currentFormatVersion`` of the program that wrote it; 1 or more.
    package var formatVersion: Int
    /// The board's identity.
    package var board: BoardIdentity
    /// Its chips.
    package var chips: [Chip]
    /// Every MTD device of the board, by number, including those without bytes in the backup.
    package var partitions: [PartitionRecord]
    /// The image files.
    package var images: [ImageRecord]
    /// Regions of chips that no image contains, with the reasons.
    package var gaps: [CoverGap]
    /// The attached UBI devices.
    package var ubi: [UBIDevice]
    /// Whether ``chips`` and ``partitions`` are known to be complete.
    package var table: TableKnowledge
    /// Storage of the board that is not MTD flash, and not in the backup; nil if the board was not asked, or did not
    /// answer.
    package var otherStorage: [OtherStorageDevice]?
    /// How and when the backup was made.
    package var capture: CaptureRecord
    /// Doubts and contradictions, one line each, for people.
    package var warnings: [String]

    package init(
        board: BoardIdentity, chips: [Chip], partitions: [PartitionRecord], images: [ImageRecord],
        gaps: [CoverGap] = [], ubi: [UBIDevice] = [], table: TableKnowledge,
        otherStorage: [OtherStorageDevice]? = nil, capture: CaptureRecord, warnings: [String] = []
    ) {
        formatVersion = Self.currentFormatVersion
        self.board = board
        self.chips = chips
        self.partitions = partitions
        self.images = images
        self.gaps = gaps
        self.ubi = ubi
        self.table = table
        self.otherStorage = otherStorage
        self.capture = capture
        self.warnings = warnings
    }

    /// The image with this path.
    package func image(_ path: String) -> ImageRecord? { images.first { $0.path == path } }

    /// The chip with this id.
    package func chip(_ id: String) -> Chip? { chips.first { $0.id == id } }

    /// The bytes of an image that a partition is a view of; nil if the backup has none.
    ///
    /// In an image with OOB, the range counts pages and OOB bytes together.
    package func view(of partition: PartitionRecord) -> (image: ImageRecord, range: Range<Int>)? {
        guard let view = partition.view, let image = image(view.image),
            let size = partition.size(in: image.representation), size >= 0
        else { return nil }
        let (end, overflow) = view.offset.addingReportingOverflow(size)
        guard !overflow, view.offset >= 0 else { return nil }
        return (image, view.offset..<end)
    }

    /// Everything that is unknown about the board's flash.
    package var unknowns: [FlashUnknown] {
        FlashUnknown.all(chips: chips, partitions: partitions.map(\.partition), table: table)
    }

    /// For each image, the bytes of the chip that it represents, without OOB bytes; nil if its place is unknown or only
    /// guessed.
    package var chipRanges: [Range<Int>?] {
        let chips = Dictionary(self.chips.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let placeless = Set(partitions.filter { !$0.partition.isPlaced }.compactMap { $0.view?.image })
        return images.map { image in
            guard let offset = image.offset, offset >= 0, image.size >= 0, !placeless.contains(image.path) else {
                return nil
            }
            switch image.representation {
            case .data: return offset.plus(image.size).map { offset..<$0 }
            case .dataWithOOB:
                // Such an image has only whole pages.
                guard let chip = chips[image.chip], chip.pageSize > 0, chip.oobSize >= 0,
                    let unit = chip.pageSize.plus(chip.oobSize),
                    let size = (image.size / unit).times(chip.pageSize), let end = offset.plus(size)
                else { return nil }
                return offset..<end
            }
        }
    }

    /// The findings within a partition, with offsets relative to the start of its view.
    package func findings(of partition: PartitionRecord) -> [BlockFinding] {
        guard let (image, range) = view(of: partition) else { return [] }
        return image.blocks.compactMap { $0.clipped(to: range)?.shifted(by: -range.lowerBound) }
    }
}
