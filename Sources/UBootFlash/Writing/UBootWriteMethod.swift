import FlashAccess
import FlashModel

/// How a kind of chip is erased and written from U-Boot, block by block: numbers in, command lines out. One a file.
protocol UBootWriteMethod: Sendable {
    /// For people: `erase and cp.b`.
    var name: String { get }

    /// Commands that do it by hand, as ``WriteMethod/commands``.
    var commands: [String] { get }

    /// The commands that must be known by their help.
    var signs: [UBootCommandSign] { get }

    /// Where the flash stands in memory that a copy writes to, which can then be tried; nil for commands that only flash
    /// can show.
    var copied: Range<UInt64>? { get }

    /// Bytes that are programmed at once; the size of an erase block is a multiple of it.
    var unit: Int { get }

    /// The commands that erase a block.
    ///
    /// - Parameter block: bytes of the chip.
    /// - Throws: ``UBootCommandFault`` where it is no whole block, or one that must not be written.
    func erase(_ block: Range<Int>) throws(UBootCommandFault) -> [UBootWriteCommand]

    /// The commands that write parts of a block, which was erased.
    ///
    /// - Parameters:
    ///   - parts: bytes from the start of the block, multiples of ``unit``.
    ///   - memory: where the block's bytes stand in RAM.
    func program(
        _ parts: [Range<Int>], of block: Range<Int>, from memory: UInt64
    ) throws(UBootCommandFault) -> [UBootWriteCommand]
}

extension UBootWriteMethod {
    var copied: Range<UInt64>? { nil }
}

/// The one place where the methods are listed.
enum UBootWriteMethods {
    /// - Throws: ``WriteRefusal`` where there is none for a chip.
    static func choose(
        for chip: Chip, _ facts: UBootFacts, _ lines: UBootCommands
    ) throws(WriteRefusal) -> any UBootWriteMethod {
        switch (facts.windows[chip.id], chip.kind) {
        case (.mapped?, .nor): try ParallelFlashMethod(chip, facts, lines)
        case (.spi?, .spiNOR): try SerialFlashMethod(chip, facts, lines)
        case (.nand?, _) where chip.kind.isNAND: try NANDMethod(chip, facts, lines)
        case (.mtd(let name)?, _) where chip.kind.isNAND: try MTDMethod(name, chip, facts, lines)
        default:
            throw .throughLinux(
                "from U-Boot, parallel flash, serial NOR (sf) and NAND are written, and this is none of them")
        }
    }
}

extension WriteRefusal {
    /// Of what U-Boot cannot do, and Linux may.
    static func throughLinux(_ why: String) -> WriteRefusal {
        WriteRefusal(why: why, next: "start an initramfs (--image) and restore through its Linux")
    }
}
