import FlashAccess

/// `/sys/class/mtd/mtdN/`: the attributes of each MTD device, and its path, which shows the tree of partitions.
///
/// Source: `Documentation/ABI/testing/sysfs-class-mtd` of the kernel. The class exists since 2.6.29, but most
/// attributes are newer (`offset`: 4.1), so each may be missing.
package struct SysfsMTD: Sendable, Hashable {
    /// The attributes of one device.
    package struct Device: Sendable, Hashable {
        /// The N of `mtdN`.
        package var index: Int
        package var name: String?
        /// `nor`, `nand`, `ram`, `ubi`, …
        package var type: String?
        /// The size in bytes.
        package var size: Int?
        /// The erase block size in bytes.
        package var eraseSize: Int?
        /// The page size in bytes; 1 for NOR.
        package var writeSize: Int?
        /// OOB bytes per page.
        package var oobSize: Int?
        /// The offset in bytes from the start of the immediate parent. Partitions have it, whole chips do not.
        package var offset: Int?
        /// The number of correctable bits per ECC step.
        package var eccStrength: Int?
        /// Bytes per ECC step.
        package var eccStepSize: Int?
        /// The number of blocks marked bad, without those of the table.
        package var badBlocks: Int?
        /// The number of blocks reserved for the bad-block table.
        package var tableBlocks: Int?
        /// The number of erase block sizes; 0 or 1 if all are equal.
        package var eraseRegions: Int?
        /// Bit 0x400: writable (`include/uapi/mtd/mtd-abi.h`, MTD_WRITEABLE).
        package var flags: Int?
        /// The number of bits repaired since the board started.
        package var correctedBits: Int?
        /// The number of failed ECC steps since the board started.
        package var eccFailures: Int?
        /// `major:minor` of `/dev/mtdN`.
        package var deviceNumber: String?
        /// `major:minor` of `/dev/mtdNro`.
        package var readOnlyDeviceNumber: String?
        /// `major:minor` of `/dev/mtdblockN`; nil if there is none.
        package var blockDeviceNumber: String?
        /// The resolved path below `/sys/devices`.
        package var path: [String] = []
        /// The path in the device tree: `/soc/flash@0/partitions/partition@0`.
        package var deviceTreeNode: String?

        /// The MTD device that contains it, if the path shows one.
        package var parent: Int? {
            path.dropLast().last.flatMap(SysfsMTD.index)
        }

        /// The path of the chip's own device; nil for devices below `virtual`, which share one folder.
        package var chipPath: [String]? {
            var rest = path[...]
            while let last = rest.last, SysfsMTD.index(last) != nil { rest.removeLast() }
            if rest.last == "mtd" { rest.removeLast() }
            guard let last = rest.last, last != "virtual" else { return nil }
            return Array(rest)
        }
    }

    /// The devices by number.
    package var devices: [Int: Device] = [:]
    /// Whether there were more devices than the limit.
    package var isCut = false

    /// Parses the reply to the probe `sysfs-mtd.txt`.
    package init(_ reply: LinuxProbeReply) {
        for block in AttributeBlocks(reply).blocks {
            guard let index = Self.index(block.title), devices[index] == nil else { continue }
            guard devices.count < BoardLimits.devices else {
                isCut = true
                break
            }
            var device = Device(index: index)
            device.name = block.name
            device.type = block.values["type"]
            device.size = block.decimal("size")
            device.eraseSize = block.decimal("erasesize")
            device.writeSize = block.decimal("writesize")
            device.oobSize = block.decimal("oobsize")
            device.offset = block.decimal("offset")
            device.eccStrength = block.decimal("ecc_strength")
            device.eccStepSize = block.decimal("ecc_step_size")
            device.badBlocks = block.decimal("bad_blocks")
            device.tableBlocks = block.decimal("bbt_blocks")
            device.eraseRegions = block.decimal("numeraseregions")
            device.flags = block.hexadecimal("flags")
            device.correctedBits = block.decimal("corrected_bits")
            device.eccFailures = block.decimal("ecc_failures")
            device.deviceNumber = block.values["dev"]
            device.readOnlyDeviceNumber = block.values["rodev"]
            device.blockDeviceNumber = block.values["blockdev"]
            // A path that does not end in the device's own name was damaged in transfer.
            let path = Self.path(block.values["path"] ?? "", from: "devices")
            device.path = path.last == "mtd\(index)" ? path : []
            device.deviceTreeNode = block.values["of"].map { "/" + Self.path($0, from: "base").joined(separator: "/") }
            devices[index] = device
        }
    }

    /// The N of `mtdN`; nil for any other name.
    static func index(_ name: String) -> Int? {
        guard let digits = ByteText(name).dropping("mtd"), let index = digits.decimal, index <= 65_535 else {
            return nil
        }
        return index
    }

    /// The components of a path after the first with the given name; all if there is none.
    private static func path(_ text: String, from start: String) -> [String] {
        let parts = text.split(separator: "/").map(String.init)
        guard let position = parts.firstIndex(of: start) else { return parts }
        return Array(parts[(position + 1)...])
    }
}
