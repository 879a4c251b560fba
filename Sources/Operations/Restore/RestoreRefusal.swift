/// Why something is not restored.
package struct RestoreRefusal: Sendable, Codable, Hashable {
    /// Identifies the rule. Stable between versions.
    package enum Code: String, Sendable, Codable, CaseIterable {
        // The board.
        /// The model differs.
        case otherModel = "other-model"
        /// The same model, but another unit.
        case otherUnit = "other-unit"
        /// A chip's size or geometry differs.
        case otherChip = "other-chip"
        /// The board no longer has this range of flash, or only part of it.
        case layoutChanged = "layout-changed"

        /// A restore of this backup to another unit is unfinished.
        case otherRestoreOpen = "other-restore-open"

        // The choice.
        case unknownPartition = "unknown-partition"
        /// Two chosen partitions overlap.
        case overlappingChoice = "overlapping-choice"
        /// Bootloader, environment or calibration, which must be explicitly allowed.
        case notAllowed = "not-allowed"
        /// Calibration or addresses of another unit.
        case ofAnotherUnit = "of-another-unit"

        // The bytes.
        /// The image may differ from what the flash held.
        case damagedImage = "damaged-image"
        /// The backup does not have these bytes.
        case notInBackup = "not-in-backup"

        // The flash.
        /// Mounted, attached to UBI, or the root file system.
        case inUse = "in-use"
        case readOnly = "read-only"
        /// An MTD device that UBI emulates for a volume.
        case volumeView = "volume-view"
        /// It does not begin and end at erase blocks.
        case unaligned
        /// A block is bad on the board, but has data in the backup.
        case badBlock = "bad-block"
        case badBlocksUnknown = "bad-blocks-unknown"
        /// The board has no safe method of writing this flash.
        case noWay = "no-way"
    }

    package var code: Code
    /// The subject: a partition as `mtd3 "rootfs"`, a chip, or the board.
    package var subject: String
    /// The reason, in one line.
    package var why: String
    /// What would make it possible, in one line.
    package var next: String

    package init(_ code: Code, _ subject: String, why: String, next: String) {
        self.code = code
        self.subject = subject
        self.why = why
        self.next = next
    }
}
