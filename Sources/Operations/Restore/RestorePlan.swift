package import FlashAccess
package import FlashModel

/// What a restore is going to do, complete, before anything is done. The executor takes nothing else.
package struct RestorePlan: Sendable, Codable, Hashable {
    /// An erase block that is going to be written.
    package struct Block: Sendable, Codable, Hashable {
        /// Bytes from the start of the partition that it is written through.
        package var offset: Int
        /// Bytes.
        package var size: Int
        /// The backup's image with its bytes.
        package var image: String
        /// Where they begin in the image.
        package var imageOffset: Int
        /// Where the backup had them, in bytes from the start of the partition, where that is another place than this; the
        /// block there is bad on the board.
        package var movedFrom: Int?
        /// Whether nothing is to be written there once it is erased: the backup has it blank.
        package var isBlank: Bool
        /// Whether it must be erased: not where it is blank on flash that needs no erase then.
        package var isErased: Bool

        /// Bytes from the start of the partition.
        package var range: Range<Int> { offset..<(offset + size) }
    }

    /// How blocks of the backup find their places.
    package enum Policy: String, Sendable, Codable, CaseIterable {
        /// Position for position; a block that is bad on the board is a hole.
        case absolute
        /// UBI's blocks, each of which says itself what it is: those that are bad on the board go to free ones.
        case ubi
        /// Good blocks in their order, for a reader that skips bad ones.
        case skipBad = "skip-bad"
    }

    /// A partition of the board, and what is written through it.
    package struct Part: Sendable, Codable, Hashable {
        /// As the board has it now.
        package var partition: Partition
        /// The backup's partitions that its blocks are of, as `mtd3 "rootfs"`, in the order of their numbers. Bytes go back
        /// to their place on the chip, which may be another partition's by now.
        package var content: [String]
        /// The most delicate of the kinds of partitions that its blocks belong to.
        package var role: Partition.Role
        package var policy: Policy
        package var method: WriteMethod
        /// Ascending.
        package var blocks: [Block]
        /// What the board is when the power fails while this part is written. One sentence.
        package var ifPowerFails: String
    }

    /// Something that stays as it is.
    package struct Untouched: Sendable, Codable, Hashable {
        /// A partition as `mtd3 "rootfs"`.
        package var subject: String
        /// One line.
        package var reason: String
        /// Whether it differs from the backup.
        package var differs: Bool
    }

    /// Of this document.
    package var formatVersion = 1
    /// The backup's path.
    package var backup: String
    /// The board's address, without secrets.
    package var address: String
    /// In the order in which they are written.
    package var parts: [Part]
    package var untouched: [Untouched]
    /// Doubts, one line each.
    package var warnings: [String]
    /// How long the writing takes, about: whole seconds.
    package var seconds: Int

    /// Whether bytes go to partitions of other numbers or names than the backup had them in.
    package var changesPartitions: Bool {
        parts.contains { $0.content != [PrintableText.partition($0.partition.label, $0.partition.name)] }
    }

    /// Erase blocks that are written or erased.
    package var blockCount: Int { parts.reduce(0) { $0 + $1.blocks.count } }
    /// Erases.
    package var eraseCount: Int { parts.reduce(0) { $0 + $1.blocks.count { $0.isErased } } }
    /// Bytes that cross to the board.
    package var bytesToSend: Int {
        parts.flatMap(\.blocks).map { $0.isBlank ? 0 : $0.size }.saturatingSum()
    }
}
