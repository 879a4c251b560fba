import FlashAccess
import FlashModel

/// `mtd erase` and `mtd write` (`cmd/mtd.c`, since 2018.11) for NAND, one good block at a time. Never `.dontskipbad`,
/// `.raw` or `.dontskipff`.
struct MTDMethod: UBootWriteMethod {
    let name = "mtd erase and mtd write"
    var rules: [String] { [UBootNANDWords.badBlocks("mtd")] }
    let signs = [UBootCommandSign.mtd]
    var unit: Int { blocks.page }
    private let device: String
    private let blocks: UBootNANDBlocks
    private let commands: UBootCommands

    init(_ device: String, _ chip: Chip, _ facts: UBootFacts, _ commands: UBootCommands) throws(WriteRefusal) {
        guard UBootCommands.isSafe(device) else {
            throw .throughLinux("U-Boot would not accept the chip's name unchanged")
        }
        blocks = try UBootNANDBlocks(chip, facts)
        self.device = device
        self.commands = commands
    }

    func byHand(_ range: Range<Int>, memory: UInt64) -> UBootManualLines {
        byOffsets("mtd", [device], of: range, memory: memory)
    }

    func erase(_ block: Range<Int>) throws(UBootCommandFault) -> [UBootWriteCommand] {
        try blocks.check(block)
        let numbers = [UBootCommands.hex(block.lowerBound), UBootCommands.hex(block.count)]
        return [UBootWriteCommand(try commands.line(["mtd", "erase", device] + numbers), .mtdErase(block))]
    }

    func program(
        _ parts: [Range<Int>], of block: Range<Int>, from memory: UInt64
    ) throws(UBootCommandFault) -> [UBootWriteCommand] {
        var writes: [UBootWriteCommand] = []
        for (source, range) in try blocks.runs(parts, of: block, from: memory) {
            let numbers = [
                UBootCommands.hex(source), UBootCommands.hex(range.lowerBound), UBootCommands.hex(range.count),
            ]
            writes.append(UBootWriteCommand(try commands.line(["mtd", "write", device] + numbers), .mtdWrite(range)))
        }
        return writes
    }
}
