import FlashAccess
import FlashModel

/// OpenWrt's `mtd write` of one erase block at an offset (`package/system/mtd/src/mtd.c`): it erases the block, writes it
/// whole, and ends with another status than 0 where either fails. It knows partitions by name before it knows them by
/// path, and of two with the same name takes the first; a path is no name.
struct OpenWrtMTDMethod: LinuxWriteMethod {
    let name = "mtd write"
    let node = LinuxWriteNode.character
    let tools = [LinuxWriteTool.openWrtMTD]
    /// It writes MTD devices and nothing else.
    let rehearsed: BlockCopy? = nil

    /// Offsets are the C type `int` where it erases.
    private static let limit = 1 << 31

    func suits(_ partition: Partition, _ toolbox: LinuxToolbox) -> Bool {
        guard toolbox.has("mtd"), partition.eraseBlockSize > 0, partition.size <= Self.limit else { return false }
        guard partition.kind.isNAND else { return partition.kind == .nor }
        // It asks of the block at the partition's start whether it is bad, and not of the one at the offset, and would
        // then write one block further on.
        return partition.badBlocks.map { $0.isComplete && !$0.bad.contains(0) && !$0.table.contains(0) } ?? false
    }

    func description(of partition: Partition) -> WriteMethod {
        WriteMethod(name: name, erasesItself: true, writesBlankPages: partition.kind.isNAND)
    }

    func erase(_ node: String, offset: Int, _ toolbox: LinuxToolbox) -> String? { nil }

    func program(
        _ node: String, from file: String, _ bytes: [UInt8], at offset: Int, of partition: Partition,
        _ toolbox: LinuxToolbox
    ) -> [String] {
        guard bytes.count == partition.eraseBlockSize, offset % partition.eraseBlockSize == 0 else { return [] }
        return [line("\(offset)", file, node, toolbox)]
    }

    /// Forced, since a block may begin as an image does that it would check whole; quiet but for errors.
    private func line(_ offset: String, _ file: String, _ node: String, _ toolbox: LinuxToolbox) -> String {
        "\(toolbox.invocation("mtd")) -q -q -f -p \(offset) write \(file) \(node)"
    }
}
