/// An MTD device of the board: a partition of a chip, a partition of a partition, or a whole chip.
package struct Partition: Sendable, Codable, Hashable, Identifiable {
    /// The purpose of a partition, which decides how careful a restore must be.
    package enum Role: String, Sendable, Codable, CaseIterable {
        case bootloader
        case environment
        case calibration
        case firmware
        case config
        case unknown
    }

    /// The source of a partition's offset on its chip, best first.
    package enum OffsetSource: String, Sendable, Codable, CaseIterable {
        /// The kernel's `/sys/class/mtd/mtdN/offset`, added up through the parents to the chip.
        case sysfs
        /// The kernel's `0x…-0x… : "name"` lines.
        case dmesg
        /// The device tree's partition nodes.
        case deviceTree = "device-tree"
        /// `mtdparts=` on the kernel's command line: a claim, not proof.
        case commandLine = "cmdline"
        /// The device is the whole chip.
        case wholeChip = "whole-chip"
        /// Sizes added up in order, for lack of a better source.
        case guess
        /// Unknown.
        case none
    }

    /// What ``index`` counts.
    package enum Numbering: String, Sendable, Codable {
        /// MTD devices: `mtd3`.
        case mtd
        /// The entries of a table without numbers of its own, from 0: `part3`. RedBoot's FIS directory is one, and so
        /// are the regions of a chip in a programmer.
        case ordinal
    }

    /// The number, which is the key: names are not unique, and the numbers of MTD devices may have gaps.
    package var index: Int
    /// What the number counts; nil is ``Numbering/mtd``, as in all backups that do not tell.
    package var numbering: Numbering?
    /// The name in the kernel; may be empty, repeated, or contain any character.
    package var name: String
    /// ``Chip/id`` of its chip.
    package var chip: String
    /// Bytes from the start of the chip; nil if unknown.
    package var offset: Int?
    /// The source of ``offset``.
    package var offsetSource: OffsetSource
    /// The size in bytes; 0 if the kernel disabled a partition outside of the chip.
    package var size: Int
    /// The erase block size in bytes, as this device presents it.
    package var eraseBlockSize: Int
    /// The page size in bytes; 1 on NOR.
    package var pageSize: Int
    /// Spare bytes per page.
    package var oobSize: Int
    /// The kernel's name for the device type, such as `nor`, `nand`, `ubi`. For people; code asks ``kind``.
    package var type: String
    /// Whether the kernel allows writing; nil if unknown.
    package var isWritable: Bool?
    /// The index of the MTD device that contains it, if there is one.
    package var parent: Int?
    /// Its purpose.
    package var role: Role
    /// Its current uses: `mounted rw on /overlay (jffs2)`, `attached to ubi0`. Empty if it is not in use.
    package var uses: [String]
    /// Whether the running system may write to it while it is read.
    package var isLive: Bool
    /// Its bad blocks, on flash that can have any: NAND, and what may be NAND. nil if there can be none.
    package var badBlocks: BadBlockKnowledge?

    package var id: Int { index }

    package init(
        index: Int, numbering: Numbering? = nil, name: String, chip: String, offset: Int?, offsetSource: OffsetSource,
        size: Int,
        eraseBlockSize: Int, pageSize: Int, oobSize: Int, type: String, isWritable: Bool? = nil, parent: Int? = nil,
        role: Role = .unknown, uses: [String] = [], isLive: Bool = false, badBlocks: BadBlockKnowledge? = nil
    ) {
        self.index = index
        self.numbering = numbering
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

    /// The erase block size in bytes; if the board does not report it, that of most serial flash.
    package var eraseUnit: Int { Chip.eraseUnit(eraseBlockSize) }

    /// The bytes of the chip that it covers; nil if its place is unknown or not a valid range.
    package var chipRange: Range<Int>? {
        guard let offset, offset >= 0, size >= 0, let end = offset.plus(size) else { return nil }
        return offset..<end
    }

    /// Whether another partition lies within this one, by places that were reported.
    package func holds(_ other: Partition) -> Bool {
        guard chip == other.chip, isPlaced, other.isPlaced, let mine = chipRange, let its = other.chipRange else {
            return false
        }
        return mine.lowerBound <= its.lowerBound && its.upperBound <= mine.upperBound
    }

    /// Whether its place was reported. A guess does not count: no decision may be based on it.
    package var isPlaced: Bool {
        switch offsetSource {
        case .sysfs, .dmesg, .deviceTree, .commandLine, .wholeChip: chipRange != nil
        case .guess, .none: false
        }
    }

    /// The kind of memory behind it, decoded from ``type``; unknown for a type that is not a kind of chip (`ubi`).
    package var kind: Chip.Kind { Chip.Kind(rawValue: type) ?? .unknown }

    /// Whether it is UBI's view of a volume (gluebi), without flash of its own.
    package var isUBIVolume: Bool { type == "ubi" }

    /// The ``type`` of a device that the kernel has put together of others (mtd-concat).
    package static let concatenation = "concat"

    /// Whether it shows bytes of other devices (a UBI volume, a concatenation) and has no flash of its own.
    package var isView: Bool { isUBIVolume || type == Self.concatenation }

    /// Whether it may be flash: neither RAM nor ROM, nor the kernel's placeholder for a chip that is not there.
    package var mayBeFlash: Bool { kind != .ram && kind != .rom && type != "absent" }
}

/// The known bad erase blocks of a partition.
package struct BadBlockKnowledge: Sendable, Codable, Hashable {
    /// Numbers of the erase blocks marked bad, relative to the start of the partition, ascending.
    package var bad: [Int]
    /// Numbers of the erase blocks that hold the bad-block table; the kernel also reports them as bad.
    package var table: [Int]
    /// The source: `mtdinfo`, `sysfs`, `dmesg`, `dmesg+sysfs`, `none`.
    package var source: String
    /// Whether the lists are known to be complete. If not, a bad block may have been read as if it were good.
    package var isComplete: Bool
    /// What is missing, for people; set if ``isComplete`` is false.
    package var note: String?

    package init(bad: [Int], table: [Int] = [], source: String, isComplete: Bool, note: String? = nil) {
        self.bad = bad
        self.table = table
        self.source = source
        self.isComplete = isComplete
        self.note = note
    }
}
