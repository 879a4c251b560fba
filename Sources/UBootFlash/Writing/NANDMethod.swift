import FlashAccess
import FlashModel

/// `nand erase` and `nand write` (`cmd/nand.c`), one good block at a time. Never `scrub`, `markbad`, `.raw`, or
/// `.spread`, which erases further blocks after bad ones.
struct NANDMethod: UBootWriteMethod {
    let name = "nand erase and nand write"
    var preparation: [String] { ["nand device \(number)"] }
    var rules: [String] {
        [
            UBootNANDWords.badBlocks("nand"),
            "U-Boot's `nand write` also writes pages that are blank, and on some boards, UBI cannot use these "
                + "afterwards. If `help nand` shows `write.trimffs`, use that in place of `write`.",
        ]
    }
    let signs = [UBootCommandSign.nand]
    var unit: Int { blocks.page }
    /// The device's number.
    private let number: Int
    private let blocks: UBootNANDBlocks
    private let commands: UBootCommands

    init(_ chip: Chip, _ facts: UBootFacts, _ commands: UBootCommands) throws(WriteRefusal) {
        guard let devices = facts.nand?.devices, devices.count == 1 else {
            // The commands apply to the current device, and only their replies show which one that was.
            throw .throughLinux(
                "the board has several NAND devices, and U-Boot's nand command works only on the current one")
        }
        number = devices[0].index
        blocks = try UBootNANDBlocks(chip, facts)
        self.commands = commands
    }

    func byHand(_ range: Range<Int>, memory: UInt64) -> UBootManualLines {
        byOffsets("nand", of: range, memory: memory)
    }

    func erase(_ block: Range<Int>) throws(UBootCommandFault) -> [UBootWriteCommand] {
        try blocks.check(block)
        let numbers = [UBootCommands.hex(block.lowerBound), UBootCommands.hex(block.count)]
        return [UBootWriteCommand(try commands.line(["nand", "erase"] + numbers), .nandErase(block))]
    }

    func program(
        _ parts: [Range<Int>], of block: Range<Int>, from memory: UInt64
    ) throws(UBootCommandFault) -> [UBootWriteCommand] {
        var writes: [UBootWriteCommand] = []
        for (source, range) in try blocks.runs(parts, of: block, from: memory) {
            let numbers = [
                UBootCommands.hex(source), UBootCommands.hex(range.lowerBound), UBootCommands.hex(range.count),
            ]
            writes.append(UBootWriteCommand(try commands.line(["nand", "write"] + numbers), .nandWrite(range)))
        }
        return writes
    }
}
