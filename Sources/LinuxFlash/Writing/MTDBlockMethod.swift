import FlashAccess
import FlashModel

/// `dd` to the block device: on NOR the kernel erases and writes the whole erase block (`drivers/mtd/mtdblock.c`).
/// Never for NAND, where it ignores bad blocks and reports no failures.
struct MTDBlockMethod: LinuxWriteMethod {
    let copy: BlockCopy
    var rehearsed: BlockCopy? { copy }
    let node = LinuxWriteNode.block
    let takesSeveral = true
    /// Empty, because `dd` is tested by its effect.
    let tools: [LinuxWriteTool] = []
    var name: String { "dd\(copy.suffix) to the block device" }

    func suits(_ partition: Partition, _ toolbox: LinuxToolbox) -> Bool {
        // A block device ends at its last whole sector of 512 bytes.
        [.nor, .ram].contains(partition.kind) && partition.pageSize <= 1 && partition.eraseBlockSize > 0
            && partition.size % 512 == 0
    }

    func description(of partition: Partition) -> WriteMethod {
        WriteMethod(name: name, erasesItself: true)
    }

    func erase(_ node: String, offset: Int, _ toolbox: LinuxToolbox) -> String? { nil }

    func program(
        _ node: String, from file: String, _ start: Int, _ bytes: [UInt8], at offset: Int, of partition: Partition,
        _ toolbox: LinuxToolbox
    ) -> [String] {
        guard !bytes.isEmpty, offset % bytes.count == 0, start % bytes.count == 0 else { return [] }
        return [
            copy.command(
                from: file, to: node, unit: bytes.count, skip: start == 0 ? nil : "\(start / bytes.count)",
                seek: "\(offset / bytes.count)", count: 1, toolbox)
        ]
    }
}
