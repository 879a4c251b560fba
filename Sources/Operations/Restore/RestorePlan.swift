package import FlashAccess
package import FlashModel

/// All that a restore will do, determined before it starts. The executor accepts nothing else.
package struct RestorePlan: Sendable, Codable, Hashable {
    /// An erase block to write.
    package struct Block: Sendable, Codable, Hashable {
        /// The offset in bytes from the start of the partition that it is written through.
        package var offset: Int
        /// The size in bytes.
        package var size: Int
        /// The backup's image that contains its bytes.
        package var image: String
        /// Their offset in the image.
        package var imageOffset: Int
        /// The block's offset in the backup, in bytes from the start of the partition, if it was moved because that
        /// block is bad on the board.
        package var movedFrom: Int?
        /// Whether the block is only erased: it is blank in the backup.
        package var isBlank: Bool
        /// Whether the block must be erased; not if it is blank and the flash then needs no erase.
        package var isErased: Bool

        /// The range in bytes of the partition.
        package var range: Range<Int> { offset..<(offset + size) }
    }

    /// How blocks of the backup are placed.
    package enum Policy: String, Sendable, Codable, CaseIterable {
        /// At their own positions; a block that is bad on the board is a hole.
        case absolute
        /// As UBI blocks, each of which identifies itself: those that are bad on the board move to free ones.
        case ubi
        /// Good blocks in order, for a reader that skips bad ones.
        case skipBad = "skip-bad"
    }

    /// A partition of the board, and what is written through it.
    package struct Part: Sendable, Codable, Hashable {
        /// The partition as the board has it now.
        package var partition: Partition
        /// The backup's partitions that contain the blocks, as `mtd3 "rootfs"`, in the order of their numbers. Bytes
        /// return to their position on the chip, which may belong to another partition now.
        package var content: [String]

        /// Whether the backup has the same partition there, by number and name. What the number counts may differ: earlier
        /// backups call every partition `mtdN`.
        package var isUnchanged: Bool {
            content.count == 1
                && ["mtd", "part"].contains {
                    content == [PrintableText.partition("\($0)\(partition.index)", partition.name)]
                }
        }

        /// The most critical role of the partitions that contain the blocks.
        package var role: Partition.Role
        package var policy: Policy
        package var method: WriteMethod
        /// The blocks, ascending.
        package var blocks: [Block]
        /// What happens if the power fails while this part is written, in one sentence.
        package var ifPowerFails: String
    }

    /// Something that is not changed.
    package struct Untouched: Sendable, Codable, Hashable {
        /// A partition as `mtd3 "rootfs"`.
        package var subject: String
        /// The reason, in one line.
        package var reason: String
        /// Whether it differs from the backup.
        package var differs: Bool?
    }

    /// The version of this document's format.
    package var formatVersion = 1
    /// The backup's path.
    package var backup: String
    /// The board's address, without secrets.
    package var address: String
    /// The parts, in writing order.
    package var parts: [Part]
    package var untouched: [Untouched]
    /// Doubts, one line each.
    package var warnings: [String]
    /// The estimated writing time in whole seconds.
    package var seconds: Int

    /// Whether bytes go to partitions whose numbers or names differ from those in the backup.
    package var changesPartitions: Bool {
        parts.contains { !$0.isUnchanged }
    }

    /// The number of erase blocks to write or erase.
    package var blockCount: Int { parts.reduce(0) { $0 + $1.blocks.count } }
    /// The number of erases.
    package var eraseCount: Int { parts.reduce(0) { $0 + $1.blocks.count { $0.isErased } } }
    /// The number of bytes to transfer to the board.
    package var bytesToSend: Int {
        parts.flatMap(\.blocks).map { $0.isBlank ? 0 : $0.size }.saturatingSum()
    }
}
