import FlashModel

/// `dd` to the block device: on NOR the kernel erases and writes the whole erase block (`drivers/mtd/mtdblock.c`). Never
/// on NAND, where it knows nothing of bad blocks and tells of no failure.
struct MTDBlockMethod: LinuxWriteMethod {
    let node = LinuxWriteNode.block

    func suits(_ partition: Partition, _ toolbox: LinuxToolbox) -> Bool {
        // Block devices end with whole sectors of 512 bytes.
        ["nor", "ram"].contains(partition.type) && partition.pageSize <= 1 && partition.eraseBlockSize > 0
            && partition.size % 512 == 0
    }

    func description(of partition: Partition, _ toolbox: LinuxToolbox) -> WriteMethod {
        WriteMethod(
            name: "dd to the block device",
            commands: program(
                "/dev/mtdblock\(partition.index)", from: "FILE", [UInt8](repeating: 0, count: partition.eraseBlockSize),
                at: 0, of: partition, toolbox
            ).map { $0.replacing("seek=0", with: "seek=NUMBER") }, erasesItself: true)
    }

    func erase(_ node: String, offset: Int, _ toolbox: LinuxToolbox) -> String? { nil }

    func program(
        _ node: String, from file: String, _ bytes: [UInt8], at offset: Int, of partition: Partition,
        _ toolbox: LinuxToolbox
    ) -> [String] {
        guard !bytes.isEmpty, offset % bytes.count == 0 else { return [] }
        // Only with fsync does dd tell of a failure.
        return [
            "\(toolbox.invocation("dd")) if=\(file) of=\(node) bs=\(bytes.count) seek=\(offset / bytes.count) count=1 "
                + "conv=notrunc,fsync"
        ]
    }
}
