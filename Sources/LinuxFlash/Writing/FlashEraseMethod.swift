import FlashAccess
import FlashModel

/// `flash_erase` of mtd-utils for one erase block, and `dd` to the character device, which writes position for position
/// and stops at the first failure without touching a neighbour. `nandwrite` does not: after a failed program it goes on in
/// the next block, and says that all is well.
struct FlashEraseMethod: LinuxWriteMethod {
    let copy: BlockCopy
    var rehearsed: BlockCopy? { copy }
    let node = LinuxWriteNode.character
    let tools = [LinuxWriteTool.flashErase]
    var name: String { "flash_erase and dd\(copy.suffix)" }

    func suits(_ partition: Partition, _ toolbox: LinuxToolbox) -> Bool {
        // Busybox has no applet of this name.
        toolbox.has("flash_erase") && Self.kinds.contains(partition.kind) && partition.eraseBlockSize > 0
    }

    /// Kinds of flash that are erased and then written (sysfs `type`).
    static let kinds: Set<Chip.Kind> = [.nor, .nand, .mlcNAND, .ram, .dataflash]

    func description(of partition: Partition) -> WriteMethod {
        WriteMethod(name: name)
    }

    func erase(_ node: String, offset: Int, _ toolbox: LinuxToolbox) -> String? {
        "\(toolbox.invocation("flash_erase")) -q \(node) \(offset) 1"
    }

    func program(
        _ node: String, from file: String, _ bytes: [UInt8], at offset: Int, of partition: Partition,
        _ toolbox: LinuxToolbox
    ) -> [String] {
        let unit = partition.pageSize > 1 ? partition.pageSize : bytes.count
        guard unit > 0, bytes.count % unit == 0, offset % unit == 0 else { return [] }
        // Many controllers store ECC bytes that are not 0xFF for a page that is: UBI could not write to it any more.
        return NotBlank.units(of: bytes, unit).map { run in
            copy.command(
                from: file, to: node, unit: unit, skip: "\(run.lowerBound)", seek: "\(offset / unit + run.lowerBound)",
                count: run.count, toolbox)
        }
    }
}
