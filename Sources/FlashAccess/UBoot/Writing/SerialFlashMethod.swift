import FlashModel

/// `sf erase` and `sf write` (`cmd/sf.c`), with numbers that are always hexadecimal and whole blocks: a decimal length or a
/// zero too many has bricked boards.
struct SerialFlashMethod: UBootWriteMethod {
    let name = "sf erase and sf write"
    /// Bytes of a page of all serial NOR.
    let unit = 256
    let commands = ["sf probe", "sf erase OFFSET SIZE", "sf write RAM OFFSET SIZE"]
    private let lines: UBootCommands
    private let chip: Chip

    init(_ chip: Chip, _ facts: UBootFacts, _ lines: UBootCommands) throws(WriteRefusal) {
        let next = "start an initramfs (--image) and restore through its Linux"
        guard chip.eraseBlockSize > 0, chip.eraseBlockSize % unit == 0, chip.size % chip.eraseBlockSize == 0 else {
            throw WriteRefusal(why: "sf probe does not tell how much is erased at once", next: next)
        }
        // Those before wrap around at 16 MiB, or have only 3-byte addresses.
        if chip.size > UBootSurvey.shortAddressLimit, !(facts.version?.isAtLeast(2018, 9) ?? false) {
            throw WriteRefusal(
                why: "this U-Boot may take an address beyond 16 MiB for one at the chip's start", next: next)
        }
        self.lines = lines
        self.chip = chip
    }

    func erase(_ block: Range<Int>) throws(UBootCommandFault) -> [String] {
        try check(block)
        return [try lines.line(["sf", "erase", hex(block.lowerBound), hex(block.count)])]
    }

    func program(_ part: Range<Int>, of block: Range<Int>, from memory: UInt64) throws(UBootCommandFault) -> [String] {
        try check(block)
        guard part.clamped(to: block) == part, !part.isEmpty, memory.plus(part.count) != nil else { throw .badRange }
        return [
            try lines.line([
                "sf", "write", UBootCommands.hex(memory), hex(part.lowerBound), hex(part.count),
            ])
        ]
    }

    private func hex(_ value: Int) -> String { UBootCommands.hex(UInt64(max(0, value))) }

    private func check(_ block: Range<Int>) throws(UBootCommandFault) {
        guard !block.isEmpty, block.lowerBound >= 0, block.upperBound <= chip.size,
            block.lowerBound % chip.eraseBlockSize == 0, block.count % chip.eraseBlockSize == 0
        else { throw .badRange }
    }
}
