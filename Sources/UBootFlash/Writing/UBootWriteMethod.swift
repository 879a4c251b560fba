import FlashAccess
import FlashModel

/// How a kind of chip is erased and written from U-Boot, block by block: numbers in, command lines out. One a file.
protocol UBootWriteMethod: Sendable {
    /// For people: `erase and cp.b`.
    var name: String { get }

    /// The command that shows the chips that it writes.
    var inquiry: String { get }

    /// What a person types before anything else.
    var preparation: [String] { get }

    /// What a person must know before it is used. Sentences, one item each.
    var rules: [String] { get }

    /// What a person types for a run of good erase blocks.
    ///
    /// - Parameters:
    ///   - range: bytes of the chip.
    ///   - memory: where their bytes are in RAM.
    func byHand(_ range: Range<Int>, memory: UInt64) -> UBootManualLines

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
    var preparation: [String] { [] }
    var rules: [String] { [] }

    /// Lines of a command that erases, writes and reads by offsets on the chip: `sf`, `nand`, `mtd`.
    ///
    /// - Parameter device: the words between the action and the numbers.
    func byOffsets(
        _ command: String, _ device: [String] = [], of range: Range<Int>, memory: UInt64
    ) -> UBootManualLines {
        let place = [UBootCommands.hex(range.lowerBound), UBootCommands.hex(range.count)]
        func line(_ action: String, _ memory: [String]) -> String {
            ([command, action] + device + memory + place).joined(separator: " ")
        }
        let source = [UBootCommands.hex(memory)]
        return UBootManualLines(write: [line("erase", []), line("write", source)], readBack: line("read", source))
    }
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

/// What is said of NAND to people, whatever the command.
enum UBootNANDWords {
    static func badBlocks(_ command: String) -> String {
        "U-Boot skips bad blocks without a word, and what follows would lie one block further on. The lines below name only "
            + "runs of blocks that were good. `\(command) bad` must still show the same bad blocks as section 2; if it shows "
            + "another one, write from Linux instead."
    }
}

extension WriteRefusal {
    /// Of what U-Boot cannot do, and Linux may.
    static func throughLinux(_ why: String) -> WriteRefusal {
        WriteRefusal(why: why, next: "start an initramfs (--image) and restore through its Linux")
    }
}
