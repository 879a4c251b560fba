import FlashModel

/// Determines a NAND partition's bad blocks from the best available source.
///
/// `mtdinfo -M` asks the driver for every block. sysfs only has counts: sufficient if they are zero. The kernel's log
/// lists offsets from the start of the chip, but may have lost lines; it counts as complete only if it agrees with the
/// counts in sysfs.
enum BadBlockSources {
    /// - Parameters:
    ///   - partition: with its offset.
    ///   - chip: the partition's chip.
    /// - Returns: nil for flash without bad blocks.
    static func knowledge(_ partition: Partition, chip: Chip?, facts: LinuxFacts) -> BadBlockKnowledge? {
        guard partition.size > 0, mayHaveBadBlocks(partition.type) else { return nil }
        guard partition.type != "unknown" else {
            return BadBlockKnowledge(
                bad: [], source: "none", isComplete: false,
                note: "the type of flash is unknown, and NAND has bad blocks")
        }
        guard partition.eraseBlockSize > 0 else {
            return BadBlockKnowledge(
                bad: [], source: "none", isComplete: false, note: "the size of its erase blocks is unknown")
        }
        let sysfs = facts.sysfs.devices[partition.index]
        if facts.isExpertMode {
            return BadBlockKnowledge(
                bad: [], source: "none", isComplete: false,
                note: "the kernel's expert analysis mode is on: it hides which blocks are bad")
        }
        if let map = facts.blockMaps[partition.index], map.isComplete,
            map.count == partition.size / partition.eraseBlockSize
        {
            return fromMap(map, partition, chip: chip, sysfs: sysfs, facts: facts)
        }
        guard let sysfs, let badCount = sysfs.badBlocks else {
            return fromLog(partition, chip: chip, facts: facts, expected: nil, tableCount: 0)
        }
        // Both attributes came with one change to the kernel (3.17, `Documentation/ABI/testing/sysfs-class-mtd`).
        // Without the second, the first may include any number of blocks of the table.
        guard let tableCount = sysfs.tableBlocks else {
            return fromLog(partition, chip: chip, facts: facts, expected: nil, tableCount: 0)
        }
        if badCount == 0, tableCount == 0 {
            return BadBlockKnowledge(bad: [], source: "sysfs", isComplete: true)
        }
        return fromLog(partition, chip: chip, facts: facts, expected: badCount, tableCount: tableCount)
    }

    /// By the kernel's name of the type (`drivers/mtd/mtdcore.c`, mtd_type_show): the types listed here have no bad
    /// blocks.
    private static func mayHaveBadBlocks(_ type: String) -> Bool {
        !["absent", "ram", "rom", "nor", "dataflash", "ubi"].contains(type)
    }

    private static func fromMap(
        _ map: MTDInfoMap, _ partition: Partition, chip: Chip?, sysfs: SysfsMTD.Device?, facts: LinuxFacts
    ) -> BadBlockKnowledge {
        guard let badCount = sysfs?.badBlocks, let tableCount = sysfs?.tableBlocks else {
            return BadBlockKnowledge(
                bad: map.bad, source: "mtdinfo", isComplete: true,
                note: map.bad.isEmpty ? nil : "it is unknown which of them hold the bad-block table")
        }
        // `BAD` of mtdinfo includes the blocks of the table, which are the last ones (drivers/mtd/nand/raw/nand_bbt.c,
        // mark_bbt_region with NAND_BBT_LASTBLOCK).
        let table = tableCount > 0 && tableCount <= map.bad.count ? Array(map.bad.suffix(tableCount)) : []
        let bad = Array(map.bad.dropLast(table.count))
        var notes: [String] = []
        if map.bad.count != badCount + tableCount {
            notes.append(
                "mtdinfo lists \(map.bad.count) blocks, sysfs counts \(badCount) and \(tableCount) of the table")
        }
        if !isAtEnd(table, of: partition) {
            notes.append("the blocks taken for the bad-block table are not the last ones")
        }
        return BadBlockKnowledge(
            bad: bad, table: table, source: "mtdinfo", isComplete: true,
            note: notes.isEmpty ? nil : notes.joined(separator: "; "))
    }

    private static func isAtEnd(_ table: [Int], of partition: Partition) -> Bool {
        guard let first = table.first else { return true }
        return first == partition.size / partition.eraseBlockSize - table.count
    }

    /// - Parameter expected: the count of bad blocks in sysfs, without those of the table; nil if unknown.
    private static func fromLog(
        _ partition: Partition, chip: Chip?, facts: LinuxFacts, expected: Int?, tableCount: Int
    ) -> BadBlockKnowledge {
        let count = partition.size / partition.eraseBlockSize
        guard let range = partition.chipRange, partition.offsetSource != .guess else {
            return BadBlockKnowledge(
                bad: [], source: "none", isComplete: false,
                note: counted(expected, tableCount)
                    + "their positions are unknown, because the partition's offset is unknown")
        }
        func blocks(_ addresses: [Int]) -> [Int] {
            let blocks = addresses.filter(range.contains).map { ($0 - range.lowerBound) / partition.eraseBlockSize }
            return Array(Set(blocks.filter { $0 < count })).sorted()
        }
        // Bad-block lines do not name the chip: with two NAND chips they cannot be distinguished.
        let bad = blocks(facts.kernelLog.badBlocks)
        var table: [Int] = []
        var notes: [String] = []
        if tableCount > 0 {
            if range.upperBound == chip?.exactSize, tableCount <= count {
                table = Array((count - tableCount)..<count)
            } else {
                notes.append("\(tableCount) blocks hold the bad-block table; it is unknown which ones")
            }
        }
        let others = bad.filter { !table.contains($0) }
        if let expected {
            if others.count != expected {
                notes.append(
                    counted(expected, 0) + "the kernel's log lists \(others.count == 0 ? "none" : "\(others.count)")")
            }
        } else {
            notes.append("the kernel does not count bad blocks, and its log may not list all")
        }
        let source =
            others.isEmpty && table.isEmpty
            ? (expected == nil ? "none" : "sysfs") : (expected == nil ? "dmesg" : "dmesg+sysfs")
        return BadBlockKnowledge(
            bad: others, table: table, source: source, isComplete: notes.isEmpty,
            note: notes.isEmpty ? nil : notes.joined(separator: "; "))
    }

    private static func counted(_ bad: Int?, _ table: Int) -> String {
        guard let bad else { return "" }
        let blocks = bad == 1 ? "1 bad block" : "\(bad) bad blocks"
        return "the kernel counts \(blocks)" + (table > 0 ? " and \(table) of the table" : "") + "; "
    }
}
