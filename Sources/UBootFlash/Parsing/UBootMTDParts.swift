package import FlashAccess

/// U-Boot's own partitions, as printed by `mtdparts` (`cmd/mtdparts.c`, list_partitions).
package struct UBootMTDParts: Sendable, Hashable {
    package struct Part: Sendable, Hashable {
        package var name: String
        /// The offset in bytes from the start of the device.
        package var offset: Int
        /// The size in bytes.
        package var size: Int
        /// The flags as a mask; 1 is read-only.
        package var flags: Int
    }

    package struct Device: Sendable, Hashable {
        /// U-Boot's name: `nand0`, `nor0`.
        package var id: String
        /// The kernel's name, from `mtdids`.
        package var mtdID: String
        package var parts: [Part]
        /// Whether there are as many partitions as announced.
        package var isComplete: Bool
    }

    package var devices: [Device]
    /// The built-in values, behind `defaults:`; empty for `none` (`cmd/mtdparts.c`, CONFIG_MTDIDS_DEFAULT).
    package var defaultIDs = ""
    package var defaultParts = ""
    /// The printed error, such as `mtdids not defined, no default present`.
    package var problem: String?

    /// Parses the output of `mtdparts`; nil if it mentions no partitions.
    package init?(_ reply: UBootReply) {
        devices = []
        var announced = 0
        var isNet = false
        var isDefaults = false
        for line in reply.lines.prefix(5000) {
            if line.trimmed == ByteText("defaults:") {
                isDefaults = true
            } else if isDefaults {
                if let value = line.dropping("mtdids  : ")?.trimmed, value != ByteText("none") {
                    defaultIDs = value.string(limit: 400)
                } else if let value = line.dropping("mtdparts: ")?.trimmed, value != ByteText("none") {
                    defaultParts = value.string(limit: 2_000)
                }
            } else if let device = Self.device(line) {
                guard devices.count < 16 else { break }
                devices.append(device.0)
                announced = device.1
            } else if line.trimmed.hasPrefix("#: name") {
                isNet = line.contains("net size")
            } else if let last = devices.indices.last, let part = Self.part(line, isNet: isNet) {
                guard devices[last].parts.count < BoardLimits.devices else { continue }
                devices[last].parts.append(part)
                devices[last].isComplete = devices[last].parts.count == announced
            } else if problem == nil, devices.isEmpty,
                line.contains("mtdids not defined") || line.contains("variable not set")
                    || line.contains("not found!") || line.contains("no partitions defined")
            {
                problem = line.trimmed.string(limit: 120)
            }
        }
        if devices.isEmpty, problem == nil { return nil }
    }

    /// Parses `device nand0 <nand0>, # parts = 4`.
    private static func device(_ line: ByteText) -> (Device, Int)? {
        guard let rest = line.dropping("device "), let id = rest.before(" <"), let tail = rest.after(" <"),
            let mtdID = tail.before(">, # parts = "), let count = tail.after(">, # parts = ")?.trimmed.decimal
        else { return nil }
        return (
            Device(id: id.string(limit: 80), mtdID: mtdID.string(limit: 80), parts: [], isComplete: count == 0), count
        )
    }

    /// Parses ` 0: u-boot              0x00100000\t0x00000000\t0`; a long name touches the size. With net sizes there
    /// is another column with the size without bad blocks: `0x00100000\t0x000e0000 (!)\t0x00000000\t0`.
    private static func part(_ line: ByteText, isNet: Bool) -> Part? {
        var rest = line
        rest.takeBlanks()
        guard rest.takeDecimal() != nil, rest.take(": ") else { return nil }
        guard let flags = takeLast(&rest).flatMap(\.decimal), let offset = takeLastHexadecimal(&rest) else {
            return nil
        }
        if isNet {
            if rest.trimmed.hasSuffix("(!)") { _ = takeLast(&rest) }
            guard takeLastHexadecimal(&rest) != nil else { return nil }
        }
        guard let size = takeLastHexadecimal(&rest) else { return nil }
        return Part(name: rest.trimmed.name(limit: 80), offset: offset, size: size, flags: flags)
    }

    private static func takeLast(_ text: inout ByteText) -> ByteText? {
        text = text.trimmed
        guard let word = text.words.last else { return nil }
        text = ByteText(text.bytes.dropLast(word.bytes.count))
        return word
    }

    /// Removes `0x…` from the end, even if a name touches it.
    private static func takeLastHexadecimal(_ text: inout ByteText) -> Int? {
        text = text.trimmed
        guard let head = text.beforeLast(0x78), head.bytes.last == 0x30 else { return nil }
        let digits = ByteText(text.bytes.dropFirst(head.bytes.count + 1))
        guard let value = digits.hexadecimal, digits.bytes.count >= 8 else { return nil }
        text = ByteText(head.bytes.dropLast())
        return value
    }
}

/// The variables `mtdids` and `mtdparts` (`cmd/mtdparts.c`).
package enum UBootPartitionVariables {
    /// Parses `mtdids`, such as `nand0=gpmi-nand,nor0=spi0.0`: the kernel's names by U-Boot's.
    package static func ids(_ value: String) -> [String: String] {
        var result: [String: String] = [:]
        for pair in ByteText(value).split(0x2C, most: 64) {
            guard let id = pair.before("="), let name = pair.after("="), !id.isEmpty, !name.isEmpty else { continue }
            let key = id.trimmed.string(limit: 80)
            if result[key] == nil { result[key] = name.trimmed.string(limit: 80) }
        }
        return result
    }

    /// Parses `mtdparts`, such as `mtdparts=spi0.0:256k(u-boot),-(firmware)`; the prefix may be missing.
    package static func definitions(_ value: String) -> [PartitionDefinition] {
        let text = ByteText(value).trimmed
        return PartitionDefinition.list(text.dropping("mtdparts=") ?? text)
    }
}
