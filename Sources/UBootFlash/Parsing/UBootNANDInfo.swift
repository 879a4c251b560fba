import FlashAccess
import FlashModel

/// The raw NAND devices, by what `nand info` prints (`cmd/nand.c`, nand_print_and_set_info).
///
/// `Device 0: nand0, sector size 128 KiB`; until 2017 the name is the chip's, `NAND 128MiB 3,3V 8-bit`, and the only
/// place where the size is said. Pages since 2012, ECC since 2022. Two chips as one: `Device 0: 2x nand0, …`.
package struct UBootNANDInfo: Sendable, Hashable {
    package struct Device: Sendable, Hashable {
        package var index: Int
        /// As printed, without `2x `.
        package var name: String
        /// How many chips it is made of.
        package var chips: Int
        /// Bytes of an erase block.
        package var eraseSize: Int
        /// Bytes; nil where it is not said.
        package var size: Int?
        /// Bytes; nil where it is not said.
        package var pageSize: Int?
        /// Bytes a page; nil where it is not said.
        package var oobSize: Int?
        /// Correctable bits a step.
        package var eccStrength: Int?
        /// Bytes a step.
        package var eccStepSize: Int?
    }

    /// By number, each once.
    package var devices: [Device]
    /// Lines that begin as a device does and were not understood, or were one too many.
    package var strayLines: [String] = []

    /// Parses what `nand info` printed; nil where it tells of no device.
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
