import FlashModel

/// A `flashkeep.json` of formatVersion 1, which could not express an incomplete table other than in its warnings.
struct ManifestVersion1: Decodable {
    private var formatVersion: Int
    private var board: BoardIdentity
    private var chips: [Chip]
    private var partitions: [PartitionRecord]
    private var images: [ImageRecord]
    private var gaps: [CoverGap]
    private var ubi: [UBIDevice]
    private var capture: CaptureRecord
    private var warnings: [String]

    /// The beginnings of warnings of Flashkeep 0.1 that mean that there may be unlisted flash.
    private static let doubtful = [
        "a line of /proc/mtd was not understood", "there are more than 256 MTD devices",
        "a line of mtd list was not understood", "mtd list does not tell how large",
    ]

    /// The same content in the current format.
    var manifest: Manifest {
        var manifest = Manifest(
            board: board, chips: chips, partitions: partitions, images: images, gaps: gaps, ubi: ubi,
            table: TableKnowledge(
                doubts: warnings.filter { warning in Self.doubtful.contains { warning.hasPrefix($0) } }),
            capture: capture, warnings: warnings)
        manifest.formatVersion = formatVersion
        return manifest
    }
}
