import FlashAccess
import FlashModel

/// `flash_eraseall` of busybox, which can only erase a whole partition, and `dd` to the character device, block by
/// block.
///
/// busybox's skips bad blocks, stops at the first failure with a nonzero status, and otherwise prints nothing
/// (`miscutils/flash_eraseall.c`). That of mtd-utils before 1.5 continues after a failure, but prints a message.
struct FlashEraseAllMethod: LinuxWriteMethod {
    let copy: BlockCopy
    var rehearsed: BlockCopy? { copy }
    let node = LinuxWriteNode.character
    let tools = [LinuxWriteTool.flashEraseAll]
    var name: String { "flash_eraseall and dd\(copy.suffix)" }

    func suits(_ partition: Partition, _ toolbox: LinuxToolbox) -> Bool {
        toolbox.has("flash_eraseall") && FlashEraseMethod.kinds.contains(partition.kind) && partition.eraseBlockSize > 0
    }

    func description(of partition: Partition) -> WriteMethod {
        WriteMethod(name: name, erasesPartition: true)
    }

    func eraseAll(_ node: String, _ toolbox: LinuxToolbox) -> String? {
        "\(toolbox.invocation("flash_eraseall")) -q \(node)"
    }

    func erase(_ node: String, offset: Int, _ toolbox: LinuxToolbox) -> String? { nil }

    func program(
        _ node: String, from file: String, _ start: Int, _ bytes: [UInt8], at offset: Int, of partition: Partition,
        _ toolbox: LinuxToolbox
    ) -> [String] {
        FlashEraseMethod(copy: copy).program(node, from: file, start, bytes, at: offset, of: partition, toolbox)
    }
}
