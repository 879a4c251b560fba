import FlashAccess
import FlashModel

/// The erase blocks of a NAND chip that may be written: whole ones that are not bad.
///
/// U-Boot writes the next good block in place of a bad one (`drivers/mtd/nand/raw/nand_util.c`, nand_write_skip_bad;
/// `cmd/mtd.c`, do_mtd_io, which does not even report it), so it must never be told to write a bad one.
struct UBootNANDBlocks: Sendable {
    /// The page size in bytes.
    let page: Int
    private let chip: Chip
    /// The offsets of bad blocks, including those of the bad-block table.
    private let bad: Set<Int>
    /// Whether the last page can be written: until 2009.08 it could not, with `Attempt to write outside the flash area`
    /// (`drivers/mtd/nand/nand_util.c`, nand_write_skip_bad).
    private let reachesEnd: Bool

    init(_ chip: Chip, _ facts: UBootFacts) throws(WriteRefusal) {
        // Since 2018 `nand info` does not print the size; it then follows from the partitions, and the chip may be
        // larger.
        guard chip.pageSize > 1, chip.eraseBlockSize > 0, chip.eraseBlockSize % chip.pageSize == 0, chip.leastSize > 0
        else {
            throw .throughLinux("this U-Boot does not report the sizes of the chip, its erase blocks and its pages")
        }
        guard let known = facts.badBlocks[chip.id], known.isComplete else {
            throw .throughLinux("this U-Boot does not report which blocks are bad, and skips them silently")
        }
        self.chip = chip
        page = chip.pageSize
        bad = Set(known.offsets)
        reachesEnd = facts.version?.isAtLeast(2009, 11) ?? false
    }

    /// - Throws: ``UBootCommandFault`` if the range is not exactly one erase block, or that block is bad.
    func check(_ block: Range<Int>) throws(UBootCommandFault) {
        guard block.lowerBound >= 0, block.upperBound <= chip.leastSize, block.count == chip.eraseBlockSize,
            block.lowerBound % chip.eraseBlockSize == 0
        else { throw .badRange }
        guard !bad.contains(where: block.contains) else {
            throw .refused("The block is bad: U-Boot would write the next one instead.")
        }
        guard reachesEnd || block.upperBound < chip.leastSize else {
            throw .refused("This U-Boot is too old to write a chip's last block: it would only erase it.")
        }
    }

    /// The positions in RAM and on the chip of runs of pages of a block.
    ///
    /// - Parameters:
    ///   - parts: in bytes from the start of the block.
    ///   - memory: the address of the block's bytes in RAM.
    func runs(
        _ parts: [Range<Int>], of block: Range<Int>, from memory: UInt64
    ) throws(UBootCommandFault) -> [(memory: UInt64, range: Range<Int>)] {
        try check(block)
        var runs: [(memory: UInt64, range: Range<Int>)] = []
        for part in parts {
            guard part.clamped(to: 0..<block.count) == part, !part.isEmpty, part.lowerBound % page == 0,
                part.count % page == 0, let source = memory.plus(part.lowerBound), source.plus(part.count) != nil
            else { throw .badRange }
            runs.append((source, part.shifted(by: block.lowerBound)))
        }
        return runs
    }
}
