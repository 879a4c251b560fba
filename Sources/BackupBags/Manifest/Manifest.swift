package import FlashModel

/// What a backup holds: the contents of `flashkeep.json`.
///
/// Offsets and sizes are bytes. `Documentation/flashkeep.schema.json` describes the same for others.
package struct Manifest: Sendable, Codable, Hashable {
    /// The version that this program writes. A higher one is refused: it may mean what is not understood here. Fields
    /// may be added without a new version, and are ignored by programs that do not know them.
    package static let currentFormatVersion = 1
    /// Its path in a bag.
    package static let path = "flashkeep.json"

    /// ``currentFormatVersion`` of the program that wrote it.
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
    /// How and when it was made.
    package var capture: CaptureRecord
    /// Doubts and contradictions, one line each, for a person.
    package var warnings: [String]

    package init(
        board: BoardIdentity, chips: [Chip], partitions: [PartitionRecord], images: [ImageRecord],
        gaps: [GapRecord] = [], ubi: [UBIDevice] = [], capture: CaptureRecord, warnings: [String] = []
    ) {
        formatVersion = Self.currentFormatVersion
        self.board = board
        self.chips = chips
        self.partitions = partitions
        self.images = images
        self.gaps = gaps
        self.ubi = ubi
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

    /// What is not plainly good within a partition, offsets counted from the start of its view.
    package func findings(of partition: PartitionRecord) -> [BlockFinding] {
        guard let (image, range) = view(of: partition) else { return [] }
        return image.blocks.compactMap { $0.clipped(to: range)?.shifted(by: -range.lowerBound) }
    }
}
