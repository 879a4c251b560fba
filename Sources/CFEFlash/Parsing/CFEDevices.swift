package import FlashAccess

/// The flash devices that `show devices` lists (`ui/ui_devcmds.c`, ui_cmd_devnames; logs of owners of BCM47xx boards).
///
/// `flash0               ST Compatible Serial flash size 16384KB` is a chip, `flash0.boot          ST Compatible Serial
/// flash offset 00000000 size 256KB` a part of one. Boards with a set-top box's chip add `spare 256KB` or ` : comment`.
package struct CFEDevices: Sendable, Hashable {
    package struct Device: Sendable, Hashable {
        /// `flash0`, `flash0.boot`.
        package var name: String
        /// What is printed before the numbers: the kind of chip.
        package var description: String
        /// Bytes from the start of the chip; nil for a whole chip.
        package var offset: Int?
        /// In bytes, rounded up to KiB.
        package var size: Int

        /// The name of its chip.
        package var chip: String { name.split(separator: ".").first.map(String.init) ?? name }
        package var isWhole: Bool { offset == nil && !name.contains(".") }
    }

    package private(set) var devices: [Device] = []
    /// The network interfaces: `eth0                 Broadcom BCM47XX 10/100/1000 Mbps Ethernet Controller`.
    package private(set) var interfaces: [String] = []
    /// Lines of flash that were not understood.
    package private(set) var strayLines: [String] = []

    /// nil if the reply has no table.
    package init?(_ reply: ConsoleReply) {
        let lines = reply.lines.map(\.trimmed)
        guard lines.contains(where: { $0.hasPrefix("Device Name") }) else { return nil }
        interfaces = lines.compactMap { $0.words.first?.string(limit: 20) }.filter(CFECommands.isInterface)
        for line in lines where line.hasPrefix("flash") {
            if let device = Self.device(line) {
                if devices.count < BoardLimits.devices { devices.append(device) }
            } else if strayLines.count < 8 {
                strayLines.append(line.string(limit: 120))
            }
        }
    }

    private static func device(_ line: ByteText) -> Device? {
        guard let name = line.words.first?.string(), CFECommands.isSafe(name),
            let rest = line.after(name)?.trimmed, let text = rest.before("size "),
            var number = rest.after("size "), let kibibytes = number.takeDecimal(), number.hasPrefix("KB"),
            kibibytes > 0, kibibytes <= BoardLimits.number >> 10
        else { return nil }
        var offset: Int?
        if var digits = text.after("offset ") {
            guard let value = digits.takeHexadecimal() else { return nil }
            offset = value
        }
        guard (offset == nil) == !name.contains(".") else { return nil }
        return Device(
            name: name, description: (text.before("offset ") ?? text).trimmed.string(limit: 80), offset: offset,
            size: kibibytes << 10)
    }
}
