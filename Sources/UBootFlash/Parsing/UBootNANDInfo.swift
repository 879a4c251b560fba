import FlashAccess
import FlashModel

/// The raw NAND devices, as printed by `nand info` (`cmd/nand.c`, nand_print_and_set_info).
///
/// `Device 0: nand0, sector size 128 KiB`. Until 2017 the name is the chip's, `NAND 128MiB 3,3V 8-bit`, and only it
/// contains the size. Page sizes are printed since 2012, ECC since 2022. Two chips as one device: `Device 0: 2x nand0,
/// …`.
package struct UBootNANDInfo: Sendable, Hashable {
    package struct Device: Sendable, Hashable {
        package var index: Int
        /// The name as printed, without `2x `.
        package var name: String
        /// The number of chips in the device.
        package var chips: Int
        /// The erase block size in bytes.
        package var eraseSize: Int
        /// The size in bytes; nil if not printed.
        package var size: Int?
        /// The page size in bytes; nil if not printed.
        package var pageSize: Int?
        /// The OOB bytes per page; nil if not printed.
        package var oobSize: Int?
        /// The correctable bits per ECC step.
        package var eccStrength: Int?
        /// The bytes per ECC step.
        package var eccStepSize: Int?

        /// Whether it is serial NOR, which Qualcomm's U-Boot lists too: pages of 256 bytes without OOB.
        var isSerialNOR: Bool { oobSize == 0 && pageSize == 256 || name.hasPrefix("spi") }
    }

    /// The devices; each number is unique.
    package var devices: [Device]
    /// Lines that begin like a device but were not understood, repeat a number, or exceed the limit.
    package var strayLines: [String] = []

    /// Parses the output of `nand info`; nil if it reports no device.
    package init?(_ reply: UBootReply) {
        devices = []
        for line in reply.lines.prefix(2000) {
            let text = line.trimmed
            if let device = Self.device(text) {
                if devices.contains(where: { $0.index == device.index }) {
                    if !devices.contains(where: { $0.name == device.name }) { note(text) }
                } else if devices.count < 16 {
                    devices.append(device)
                } else {
                    note(text)
                }
            } else if text.hasPrefix("Device "), text.contains("sector size") {
                note(text)
            } else if let last = devices.indices.last {
                func number(_ label: String) -> Int? {
                    guard let rest = text.dropping(label), rest.words.count == 2,
                        rest.hasSuffix(" b") || label.hasPrefix("ecc")
                    else { return nil }
                    return rest.words.first?.decimal
                }
                if let value = number("Page size ") {
                    devices[last].pageSize = value
                } else if let value = number("OOB size ") {
                    devices[last].oobSize = value
                } else if let value = number("Erase size "), value > 0 {
                    devices[last].eraseSize = value
                } else if let value = number("ecc strength ") {
                    devices[last].eccStrength = value
                } else if let value = number("ecc step size ") {
                    devices[last].eccStepSize = value
                }
            }
        }
        if devices.isEmpty { return nil }
    }

    private mutating func note(_ line: ByteText) {
        if strayLines.count < BoardLimits.warnings { strayLines.append(line.string(limit: 120)) }
    }

    private static func device(_ line: ByteText) -> Device? {
        guard var rest = line.dropping("Device "), let index = rest.takeDecimal(), index < 64, rest.take(": ") else {
            return nil
        }
        guard let head = rest.before(", sector size "), var erase = rest.after(", sector size "),
            let eraseSize = UBootSize.take(&erase), eraseSize.bytes > 0
        else { return nil }
        var name = head
        var chips = 1
        var count = head
        if let value = count.takeDecimal(), count.take("x "), (1...16).contains(value) {
            chips = value
            name = count
        }
        var size: Int?
        for word in name.words where size == nil && word.hasSuffix("iB") {
            var word = word
            size = UBootSize.take(&word).flatMap { word.isEmpty && $0.isExact ? $0.bytes.times(chips) : nil }
        }
        return Device(index: index, name: name.string(limit: 80), chips: chips, eraseSize: eraseSize.bytes, size: size)
    }
}
