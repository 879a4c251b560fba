import FlashAccess
import FlashModel

/// The list of all methods.
enum UBootWriteMethods {
    /// - Throws: ``WriteRefusal`` if there is none for a chip.
    static func choose(
        for chip: Chip, _ facts: UBootFacts, _ commands: UBootCommands
    ) throws(WriteRefusal) -> any UBootWriteMethod {
        switch (facts.windows[chip.id], chip.kind) {
        case (.mapped?, .nor): try ParallelFlashMethod(chip, facts, commands)
        case (.spi?, .spiNOR): try SerialFlashMethod(chip, facts, commands)
        case (.nand?, _) where chip.kind.isNAND: try NANDMethod(chip, facts, commands)
        case (.mtd(let name)?, _) where chip.kind.isNAND: try MTDMethod(name, chip, facts, commands)
        default:
            throw .throughLinux(
                "from U-Boot only parallel flash, serial NOR (sf) and NAND can be written, and this is none of them")
        }
    }
}
