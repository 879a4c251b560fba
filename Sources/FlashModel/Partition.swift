/// An MTD device of the board: a partition of a chip, a partition of a partition, or a whole chip.
package struct Partition: Sendable, Codable, Hashable, Identifiable {
    /// What a partition is for; it decides how careful a restore must be.
    package enum Role: String, Sendable, Codable, CaseIterable {
        case bootloader
        case environment
        case calibration
        case firmware
        case config
        case unknown
    }

    /// How the place of a partition on its chip is known, best first.
    package enum OffsetSource: String, Sendable, Codable, CaseIterable {
        /// The kernel's `/sys/class/mtd/mtdN/offset`, added up to the chip.
        case sysfs
        /// The kernel's `0x…-0x… : "name"` lines.
        case dmesg
        /// The device tree's partition nodes.
        case deviceTree = "device-tree"
        /// `mtdparts=` on the kernel's command line: a claim, not a proof.
        case commandLine = "cmdline"
        /// It is the whole chip.
        case wholeChip = "whole-chip"
        /// Sizes stacked in order: nothing better was there.
        case guess
        /// Not known at all.
        case none
    }

    /// The number N of `mtdN`. Names are not unique and numbers may have gaps: this is the key.
    package var index: Int
    /// The name as the kernel gives it; may be empty, repeated, or hold any character.
    package var name: String
    /// ``Chip/id`` of the chip that it lies on.
    package var chip: String
    /// Bytes from the start of the chip; nil where no source tells.
    package var offset: Int?
    /// How ``offset`` is known.
    package var offsetSource: OffsetSource
    /// Bytes; 0 where the kernel disabled a partition that lay outside of the chip.
    package var size: Int
    /// Bytes of an erase block as this device presents it.
    package var eraseBlockSize: Int
    /// Bytes of a page; 1 on NOR.
    package var pageSize: Int
    /// Spare bytes a page.
    package var oobSize: Int
    /// The kernel's word for the device's type, such as `nor`, `nand`, `ubi`.
    package var type: String
    /// Whether the kernel lets it be written; nil where not known.
    package var isWritable: Bool?
    /// Index of the MTD device that it is a part of, if that is an MTD device itself.
    package var parent: Int?
    /// What it is for.
    package var role: Role
    /// How it is in use: `mounted rw on /overlay (jffs2)`, `attached to ubi0`. Empty: at rest.
    package var uses: [String]
    /// Whether something may be writing to it while it is read.
    package var isLive: Bool
    /// Its bad blocks, on flash that can have any: NAND, and what may be NAND. nil where there can be none.
    package var badBlocks: BadBlockKnowledge?

    package var id: Int { index }

    package init(
        index: Int, name: String, chip: String, offset: Int?, offsetSource: OffsetSource, size: Int,
        eraseBlockSize: Int, pageSize: Int, oobSize: Int, type: String, isWritable: Bool? = nil, parent: Int? = nil,
        role: Role = .unknown, uses: [String] = [], isLive: Bool = false, badBlocks: BadBlockKnowledge? = nil
    ) {
        self.index = index
        self.name = name
        self.chip = chip
        self.offset = offset
        self.offsetSource = offsetSource
        self.size = size
        self.eraseBlockSize = eraseBlockSize
        self.pageSize = pageSize
        self.oobSize = oobSize
        self.type = type
        self.isWritable = isWritable
        self.parent = parent
        self.role = role
        self.uses = uses
        self.isLive = isLive
        self.badBlocks = badBlocks
    }

    /// Bytes of what is erased at once; where the board does not tell, as many as most serial flash erases at once.
    package var eraseUnit: Int { Chip.eraseUnit(eraseBlockSize) }

    /// The bytes of the chip that it covers; nil where its place is not known, or is no place at all.
    package var chipRange: Range<Int>? {
        guard let offset, offset >= 0, size >= 0, let end = offset.plus(size) else { return nil }
        return offset..<end
    }

    /// Whether something told its place. A guess is no place: nothing may be decided by it.
    package var isPlaced: Bool {
        switch offsetSource {
        case .sysfs, .dmesg, .deviceTree, .commandLine, .wholeChip: chipRange != nil
        case .guess, .none: false
        }
    }

    /// Whether it is a view that UBI makes of a volume (gluebi), and no flash of its own.
    package var isUBIVolume: Bool { type == "ubi" }
}

/// What is known of the bad erase blocks of a partition.
package struct BadBlockKnowledge: Sendable, Codable, Hashable {
    /// Numbers of the erase blocks marked bad, counted from the start of the partition, ascending.
    package var bad: [Int]
    /// Numbers of the erase blocks that hold the bad-block table; the kernel calls them bad too.
    package var table: [Int]
    /// The source: `mtdinfo`, `sysfs`, `dmesg`, `dmesg+sysfs`, `none`.
    package var source: String
    /// Whether the lists are known to be all. If not, a bad block may have been read as if it were good.
    package var isComplete: Bool
    /// In words, where ``isComplete`` is false: what is missing.
    package var note: String?

    package init(bad: [Int], table: [Int] = [], source: String, isComplete: Bool, note: String? = nil) {
        self.bad = bad
        self.table = table
        self.source = source
        self.isComplete = isComplete
        self.note = note
    }
}
