import FlashAccess
import FlashModel

/// OpenWrt's `mtd write` for one erase block at an offset (`package/system/mtd/src/mtd.c`).
///
/// It erases the block, writes it whole, and exits with a nonzero status if either fails. It looks up partitions by
/// name before it tries a path, and takes the first of two with the same name; but a path is not a name.
struct OpenWrtMTDMethod: LinuxWriteMethod {
    let name = "mtd write"
    let node = LinuxWriteNode.character
    let tools = [LinuxWriteTool.openWrtMTD]
    /// It writes only to MTD devices.
    let rehearsed: BlockCopy? = nil

    /// The largest partition, since erase offsets have the C type `int`.
    private static let limit = 1 << 31

    func suits(_ partition: Partition, _ toolbox: LinuxToolbox) -> Bool {
        guard toolbox.has("mtd"), partition.eraseBlockSize > 0, partition.size <= Self.limit else { return false }
        guard partition.kind.isNAND else { return partition.kind == .nor }
        // It checks whether the block at the partition's start is bad, not the one at the offset, and would then write
        // one block further on.
        return partition.badBlocks.map { $0.isComplete && !$0.bad.contains(0) && !$0.table.contains(0) } ?? false
    }

    func description(of partition: Partition) -> WriteMethod {
        WriteMethod(name: name, erasesItself: true, writesBlankPages: partition.kind.isNAND)
    }

    func erase(_ node: String, offset: Int, _ toolbox: LinuxToolbox) -> String? { nil }

    func program(
        _ node: String, from file: String, _ start: Int, _ bytes: [UInt8], at offset: Int, of partition: Partition,
        _ toolbox: LinuxToolbox
    ) -> [String] {
        // It writes a file from its start.
        guard bytes.count == partition.eraseBlockSize, offset % partition.eraseBlockSize == 0, start == 0 else {
            return []
        }
        return [line("\(offset)", file, node, toolbox)]
    }

    /// The command line: forced, since a block may begin like an image that it would check as a whole; quiet except for
    /// errors.
    private func line(_ offset: String, _ file: String, _ node: String, _ toolbox: LinuxToolbox) -> String {
        "\(toolbox.invocation("mtd")) -q -q -f -p \(offset) write \(file) \(node)"
    }
}
