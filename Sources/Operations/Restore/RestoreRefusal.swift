/// Why something is not restored.
package struct RestoreRefusal: Sendable, Codable, Hashable {
    /// Which rule it is. Stable between versions.
    package enum Code: String, Sendable, Codable, CaseIterable {
        // The board.
        /// Another model.
        case otherModel = "other-model"
        /// The same model, another unit.
        case otherUnit = "other-unit"
        /// A chip of another size or geometry.
        case otherChip = "other-chip"
        /// The board no longer has this range of flash, or only a part.
        case layoutChanged = "layout-changed"

        /// Another unit is half restored from this backup.
        case otherRestoreOpen = "other-restore-open"

        // What was asked for.
        case unknownPartition = "unknown-partition"
        /// Two partitions that share bytes.
        case overlappingChoice = "overlapping-choice"
        /// Bootloader, environment or calibration, which must be allowed by name.
        case notAllowed = "not-allowed"
        /// Calibration or addresses of another unit.
        case ofAnotherUnit = "of-another-unit"

        // The bytes.
        /// The image holds bytes that may not be what the flash held.
        case damagedImage = "damaged-image"
        /// The backup has no bytes of it.
        case notInBackup = "not-in-backup"

        // The flash.
        /// Mounted, attached to UBI, or the root of the running system.
        case inUse = "in-use"
        case readOnly = "read-only"
        /// A view that UBI makes of a volume.
        case volumeView = "volume-view"
        /// It does not begin or end with an erase block.
        case unaligned
        /// A block is bad on the board, and the backup has data for it.
        case badBlock = "bad-block"
        case badBlocksUnknown = "bad-blocks-unknown"
        /// The board has no right way to write this kind of flash.
        case noWay = "no-way"
    }

    package var code: Code
    /// What it is about: a partition as `mtd3 "rootfs"`, a chip, or the board.
    package var subject: String
    /// One line.
    package var why: String
    /// What would make it possible. One line.
    package var next: String

    package init(_ code: Code, _ subject: String, why: String, next: String) {
        self.code = code
        self.subject = subject
        self.why = why
        self.next = next
    }
}
