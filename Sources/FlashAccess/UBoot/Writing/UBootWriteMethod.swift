import FlashModel

/// How a kind of chip is erased and written from U-Boot, block by block: numbers in, command lines out. One a file.
protocol UBootWriteMethod: Sendable {
    /// For people: `erase and cp.b`.
    var name: String { get }

    /// Commands that do it by hand, as ``WriteMethod/commands``.
    var commands: [String] { get }

    /// Bytes that are programmed at once; the size of an erase block is a multiple of it.
    var unit: Int { get }

    /// The commands that erase a block.
    ///
    /// - Parameter block: bytes of the chip.
    /// - Throws: ``UBootCommandFault`` where it is no whole block.
    func erase(_ block: Range<Int>) throws(UBootCommandFault) -> [String]

    /// The commands that write a part of a block, which was erased.
    ///
    /// - Parameters:
    ///   - part: bytes of the chip, within the block.
    ///   - memory: where the part's bytes stand in RAM.
    func program(_ part: Range<Int>, of block: Range<Int>, from memory: UInt64) throws(UBootCommandFault) -> [String]
}

/// The one place where the methods are listed.
enum UBootWriteMethods {
    /// - Throws: ``WriteRefusal`` where there is none for a chip.
    static func choose(
        for chip: Chip, _ facts: UBootFacts, _ lines: UBootCommands
    ) throws(WriteRefusal) -> any UBootWriteMethod {
        switch (UBootWindow(chip, facts), chip.kind) {
        case (.mapped?, .nor): try ParallelFlashMethod(chip, facts, lines)
        case (.spi?, .spiNOR): try SerialFlashMethod(chip, facts, lines)
        default:
            throw WriteRefusal(
                why: "from U-Boot, parallel flash and serial NOR (sf) are written, and this is neither",
                next: "start an initramfs (--image) and restore through its Linux")
        }
    }
}
