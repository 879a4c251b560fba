package import FlashModel

/// The MTD devices and their partitions, as printed by `mtd list` (`cmd/mtd.c`, since 2018.11).
package struct UBootMTDList: Sendable, Hashable {
    /// A partition of a device, or of another partition.
    package struct Part: Sendable, Hashable {
        package var name: String
        /// The offset in bytes from the start of the device.
        package var offset: Int
        /// The size in bytes.
        package var size: Int
        /// The depth: 1 for a partition of the device, 2 for a partition of that.
        package var depth: Int
        /// The index of the parent in ``Device/parts``.
        package var parent: Int?
    }

    package struct Device: Sendable, Hashable {
        package var name: String
        /// `NOR flash`, `NAND flash`, `MLC NAND flash`, …; empty if not printed.
        package var type: String
        /// The name of U-Boot's driver, such as `jedec_spi_nor`; empty if not printed.
        package var driver: String
        /// The node's path in the device tree; empty if not printed.
        package var path: String
        /// The size in bytes; nil if its line was not understood.
        package var size: Int?
        /// The erase block size in bytes.
        package var blockSize: Int?
        /// The smallest write in bytes; for NAND, the page size.
        package var pageSize: Int?
        /// The OOB bytes per page.
        package var oobSize: Int?
        /// The correctable bits per ECC step.
        package var eccStrength: Int?
        /// The bytes per ECC step.
        package var eccStepSize: Int?
        package var parts: [Part]

        /// The kind of chip, from its type and driver.
        package var kind: Chip.Kind {
            let type = ByteText(type).lowercased
            let isSPI = ByteText(driver).lowercased.contains("spi")
            return if type.contains("mlc") {
                .mlcNAND
            } else if type.contains("nand") {
                isSPI ? .spiNAND : .nand
            } else if type.contains("nor") {
                isSPI ? .spiNOR : .nor
            } else if type.contains("data") {
                .dataflash
            } else if type.contains("ram") {
                .ram
            } else if type.contains("rom") {
                .rom
            } else {
                .unknown
            }
        }
    }

    /// The devices in the printed order.
    package var devices: [Device]
    /// Partitions that extend beyond their parent, and lines that are not partitions.
    package var strayLines: [String]

    /// Parses the output of `mtd list`; nil if it lists no device.
    package init?(_ lines: [ByteText]) {
        devices = []
        strayLines = []
        // The indices of the partitions that may be the next one's parent, outermost first.
        var open: [Int] = []
        for line in lines {
            if let name = line.dropping("* ") {
                guard devices.count < BoardLimits.devices else { break }
                devices.append(
                    Device(name: name.trimmed.name(limit: 80), type: "", driver: "", path: "", parts: []))
                open = []
                continue
            }
            guard let device = devices.indices.last else { continue }
            let depth = line.bytes.prefix { $0 == 0x09 }.count
            var text = ByteText(line.bytes.dropFirst(depth))
            guard text.take("  - ") else { continue }
            if let (start, end, name) = Self.range(text) {
                if depth == 0 {
                    if devices[device].size == nil, start == 0 { devices[device].size = end }
                    continue
                }
                open = Array(open.prefix(depth - 1))
                guard open.count == depth - 1, devices[device].parts.count < BoardLimits.devices else {
                    note(text)
                    continue
                }
                // Offsets are relative to the parent (`drivers/mtd/mtdpart.c`).
                let outer = open.last.map { devices[device].parts[$0] }
                guard let offset = start.plus(outer?.offset ?? 0), let stop = offset.plus(end - start) else {
                    note(text)
                    continue
                }
                if let outer, stop > outer.offset + outer.size { note(text) }
                open.append(devices[device].parts.count)
                devices[device].parts.append(
                    Part(name: name, offset: offset, size: end - start, depth: depth, parent: open.dropLast().last))
            } else if depth == 0 {
                Self.take(text, into: &devices[device])
            }
        }
        if devices.isEmpty { return nil }
    }

    private mutating func note(_ line: ByteText) {
        if strayLines.count < BoardLimits.warnings { strayLines.append(line.string(limit: 120)) }
    }

    /// Parses `0x000000000000-0x000002000000 : "nor0"`.
    private static func range(_ text: ByteText) -> (Int, Int, String)? {
        var rest = text
        guard rest.hasPrefix("0x"), let start = rest.takeHexadecimal(), rest.take("-"), rest.hasPrefix("0x"),
            let end = rest.takeHexadecimal(), end >= start, rest.take(" : "), let name = rest.quoted
        else { return nil }
        return (start, end, name.name(limit: 80))
    }

    private static func take(_ text: ByteText, into device: inout Device) {
        guard let key = text.before(": "), let value = text.after(": ")?.trimmed else { return }
        let number = value.words.first
        switch key.string(limit: 32) {
        case "type": device.type = value.string(limit: 40)
        case "driver": device.driver = value.string(limit: 80)
        case "path": device.path = value.string(limit: 200)
        case "block size": device.blockSize = number?.hexadecimal
        case "min I/O": device.pageSize = number?.hexadecimal
        case "OOB size": device.oobSize = number?.decimal
        case "ECC strength": device.eccStrength = number?.decimal
        case "ECC step size": device.eccStepSize = number?.decimal
        default: break
        }
    }
}
