import FlashAccess
import FlashModel

/// `sf erase` and `sf write` (`cmd/sf.c`), always with hexadecimal numbers and whole blocks: a decimal length or an
/// extra zero has bricked boards.
struct SerialFlashMethod: UBootWriteMethod {
    let name = "sf erase and sf write"
    /// The page size in bytes of all serial NOR.
    let unit = 256
    let signs = [UBootCommandSign.serial]
    let preparation = ["sf probe"]
    private let commands: UBootCommands
    private let chip: Chip

    init(_ chip: Chip, _ facts: UBootFacts, _ commands: UBootCommands) throws(WriteRefusal) {
        guard chip.eraseBlockSize > 0, chip.eraseBlockSize % unit == 0, chip.leastSize % chip.eraseBlockSize == 0 else {
            throw .throughLinux("sf probe does not report the erase size")
        }
        // Older versions wrap around at 16 MiB, or have only 3-byte addresses.
        if chip.leastSize > UBootSurvey.shortAddressLimit, !(facts.version?.isAtLeast(2018, 9) ?? false) {
            throw .throughLinux("this U-Boot may treat an address beyond 16 MiB as one at the chip's start")
        }
        self.commands = commands
        self.chip = chip
    }

    func byHand(_ range: Range<Int>, memory: UInt64) -> UBootManualLines { byOffsets("sf", of: range, memory: memory) }

    func erase(_ block: Range<Int>) throws(UBootCommandFault) -> [UBootWriteCommand] {
        try check(block)
        let words = ["sf", "erase", UBootCommands.hex(block.lowerBound), UBootCommands.hex(block.count)]
        return [UBootWriteCommand(try commands.line(words))]
    }

    func program(
        _ parts: [Range<Int>], of block: Range<Int>, from memory: UInt64
    ) throws(UBootCommandFault) -> [UBootWriteCommand] {
        try check(block)
        var writes: [UBootWriteCommand] = []
        for part in parts {
            guard part.clamped(to: 0..<block.count) == part, !part.isEmpty, let source = memory.plus(part.lowerBound),
                source.plus(part.count) != nil
            else { throw .badRange }
            let line = try commands.line([
                "sf", "write", UBootCommands.hex(source), UBootCommands.hex(block.lowerBound + part.lowerBound),
                UBootCommands.hex(part.count),
            ])
            writes.append(UBootWriteCommand(line))
        }
        return writes
    }

    private func check(_ block: Range<Int>) throws(UBootCommandFault) {
        guard !block.isEmpty, block.lowerBound >= 0, block.upperBound <= chip.leastSize,
            block.lowerBound % chip.eraseBlockSize == 0, block.count % chip.eraseBlockSize == 0
        else { throw .badRange }
    }
}
