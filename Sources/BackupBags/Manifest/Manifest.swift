package import FlashModel

/// What a backup holds: the contents of `flashkeep.json`.
///
/// Offsets and sizes are bytes. `Documentation/flashkeep.schema.json` describes the same for others.
package struct Manifest: Sendable, Codable, Hashable {
    /// The version that this program writes. A higher one is refused: it may mean what is not understood here. Fields
    /// may be added without a new version, and are ignored by programs that do not know them.
    ///
    /// Version 2 says whether the board's table was complete (``table``), and has gaps without an end. A reader of
    /// version 1 would have called such a backup whole.
    package static let currentFormatVersion = 2
    /// Its path in a bag.
    package static let path = "flashkeep.json"

    /// ``currentFormatVersion`` of the program that wrote it; 1 or more.
    package var formatVersion: Int
    /// Who the board is.
    package var board: BoardIdentity
    /// Its chips.
    package var chips: [Chip]
    /// Every MTD device that the board had, by number, also those without bytes here.
    package var partitions: [PartitionRecord]
    /// The files with the bytes.
    package var images: [ImageRecord]
    /// Regions of chips that no image covers, and why.
    package var gaps: [GapRecord]
    /// The UBI devices that were attached.
    package var ubi: [UBIDevice]
    /// Whether ``chips`` and ``partitions`` are known to be all that the board had.
    package var table: TableKnowledge
    /// Storage of the board that is no MTD flash, and is not here; nil where the board was not asked, or did not answer.
    package var otherStorage: [OtherStorageDevice]?
    /// How and when it was made.
    package var capture: CaptureRecord
    /// Doubts and contradictions, one line each, for a person.
    package var warnings: [String]

    package init(
        board: BoardIdentity, chips: [Chip], partitions: [PartitionRecord], images: [ImageRecord],
        gaps: [GapRecord] = [], ubi: [UBIDevice] = [], table: TableKnowledge,
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

    /// The bytes of an image that a partition is a view of; nil where it has no bytes here.
    ///
    /// In an image with OOB these are pages and OOB bytes together.
    package func view(of partition: PartitionRecord) -> (image: ImageRecord, range: Range<Int>)? {
        guard let view = partition.view, let image = image(view.image),
            let size = partition.size(in: image.representation), size >= 0
        else { return nil }
        let (end, overflow) = view.offset.addingReportingOverflow(size)
        guard !overflow, view.offset >= 0 else { return nil }
        return (image, view.offset..<end)
    }

    /// Everything that was not known of the board's flash.
    package var unknowns: [FlashUnknown] {
        FlashUnknown.all(chips: chips, partitions: partitions.map(\.partition), table: table)
    }

    /// For each image, the bytes of the chip that it is of, its OOB bytes not counted; nil where its place is not known, or
    /// only guessed.
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
                // Only whole pages are kept so.
                guard let chip = chips[image.chip], chip.pageSize > 0, chip.oobSize >= 0,
                    let unit = chip.pageSize.plus(chip.oobSize),
                    let size = (image.size / unit).times(chip.pageSize), let end = offset.plus(size)
                else { return nil }
                return offset..<end
            }
        }
    }

    /// What is not plainly good within a partition, offsets counted from the start of its view.
    package func findings(of partition: PartitionRecord) -> [BlockFinding] {
        guard let (image, range) = view(of: partition) else { return [] }
        return image.blocks.compactMap { $0.clipped(to: range)?.shifted(by: -range.lowerBound) }
    }
}
