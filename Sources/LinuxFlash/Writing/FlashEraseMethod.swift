import FlashAccess
import FlashModel

/// `flash_erase` of mtd-utils for one erase block, and `dd` to the character device.
///
/// `dd` writes at the same offset and stops at the first failure without touching another block. `nandwrite` does not:
/// after a failed write it continues in the next block, and reports success.
struct FlashEraseMethod: LinuxWriteMethod {
    let copy: BlockCopy
    var rehearsed: BlockCopy? { copy }
    let node = LinuxWriteNode.character
    let takesSeveral = true
    let tools = [LinuxWriteTool.flashErase]
    var name: String { "flash_erase and dd\(copy.suffix)" }

    func suits(_ partition: Partition, _ toolbox: LinuxToolbox) -> Bool {
        // busybox has no applet of this name.
        toolbox.has("flash_erase") && Self.kinds.contains(partition.kind) && partition.eraseBlockSize > 0
    }

    /// The kinds of flash that are first erased, then written (sysfs `type`).
    static let kinds: Set<Chip.Kind> = [.nor, .nand, .mlcNAND, .ram, .dataflash]

    func description(of partition: Partition) -> WriteMethod {
        WriteMethod(name: name)
    }

    func erase(_ node: String, offset: Int, _ toolbox: LinuxToolbox) -> String? {
        "\(toolbox.invocation("flash_erase")) -q \(node) \(offset) 1"
    }

    func program(
        _ node: String, from file: String, _ start: Int, _ bytes: [UInt8], at offset: Int, of partition: Partition,
        _ toolbox: LinuxToolbox
    ) -> [String] {
        let unit = partition.pageSize > 1 ? partition.pageSize : bytes.count
        guard unit > 0, bytes.count % unit == 0, offset % unit == 0, start % unit == 0 else { return [] }
        // For a page of 0xFF, many controllers store ECC bytes other than 0xFF; UBI could no longer write to it.
        return NotBlank.units(of: bytes, unit).map { run in
            copy.command(
                from: file, to: node, unit: unit, skip: "\(start / unit + run.lowerBound)",
                seek: "\(offset / unit + run.lowerBound)",
                count: run.count, toolbox)
        }
    }
}
