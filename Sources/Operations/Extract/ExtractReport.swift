package import FlashModel

/// A partition of a backup, and the file extracted from it.
package struct ExtractedPartition: Sendable, Codable, Hashable, PartitionLabelled {
    /// The number of the partition.
    package var index: Int
    /// What the number counts; nil is ``Partition/Numbering/mtd``.
    package var numbering: Partition.Numbering?
    package var name: String
    /// The name of the file in the folder; nil if there is none.
    package var file: String?
    /// Whether the file was there already, with these bytes.
    package var wasThere = false
    /// The size of the file in bytes.
    package var size: Int
    /// Why there is no file; nil if there is one.
    package var reason: String?
    /// The blocks that are not simply good, with offsets in bytes from the start of the file.
    package var blocks: [BlockFinding]
    /// Descriptions of the blocks whose bytes may differ from what the flash held; empty if there are none.
    package var damage: [String]
}

/// The result of an extraction.
package struct ExtractReport: Sendable, Codable, Hashable {
    /// The version of this document's format.
    package var formatVersion = 1
    /// The output folder.
    package var folder: String
    /// Whether every partition with bytes in the backup was extracted from an intact image.
    package var ok: Bool
    /// Whether the backup has all that was asked for when it was made: nothing of that is missing or unread.
    package var isWhole: Bool
    package var partitions: [ExtractedPartition]
}
