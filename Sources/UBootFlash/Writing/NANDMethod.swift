import FlashAccess
import FlashModel

/// `nand erase` and `nand write` (`cmd/nand.c`), one good block at a time. Never `scrub`, `markbad`, `.raw`, nor `.spread`,
/// which erases blocks behind the bad ones.
struct NANDMethod: UBootWriteMethod {
    let name = "nand erase and nand write"
    let commands = ["nand device NUMBER", "nand erase OFFSET SIZE", "nand write RAM OFFSET SIZE"]
    let signs = [UBootCommandSign.nand]
    var unit: Int { blocks.page }
    private let blocks: UBootNANDBlocks
    private let lines: UBootCommands

    init(_ chip: Chip, _ facts: UBootFacts, _ lines: UBootCommands) throws(WriteRefusal) {
        guard facts.nand?.devices.count == 1 else {
            // The commands speak of the current one, and only their replies tell which that was.
            throw .throughLinux("the board has several NAND devices, and U-Boot's nand has only a current one")
        }
        blocks = try UBootNANDBlocks(chip, facts)
        self.lines = lines
    }

    func erase(_ block: Range<Int>) throws(UBootCommandFault) -> [UBootWriteCommand] {
        try blocks.check(block)
        let numbers = [UBootCommands.hex(block.lowerBound), UBootCommands.hex(block.count)]
        return [UBootWriteCommand(try lines.line(["nand", "erase"] + numbers), .nandErase(block))]
    }

    func program(
        _ parts: [Range<Int>], of block: Range<Int>, from memory: UInt64
    ) throws(UBootCommandFault) -> [UBootWriteCommand] {
        var writes: [UBootWriteCommand] = []
        for (source, range) in try blocks.runs(parts, of: block, from: memory) {
            let numbers = [
                UBootCommands.hex(source), UBootCommands.hex(range.lowerBound), UBootCommands.hex(range.count),
            ]
            writes.append(UBootWriteCommand(try lines.line(["nand", "write"] + numbers), .nandWrite(range)))
        }
        return writes
    }
}
