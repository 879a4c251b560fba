import FlashModel

/// A chip's partitions as `mtdparts=` defines them, on the kernel's command line and in U-Boot's environment.
package struct PartitionDefinition: Sendable, Hashable {
    /// One partition of a definition.
    package struct Part: Sendable, Hashable {
        /// The given name; without one, `Partition_%03d` as in the kernel.
        package var name: String
        /// The offset in bytes from the start of the chip.
        package var offset: Int
        /// The size in bytes; nil for `-`, the rest of the chip.
        package var size: Int?
        /// Whether `ro` was given.
        package var isReadOnly: Bool
    }

    /// The name of the MTD device that the definition is for.
    package var id: String
    package var parts: [Part]

    /// Parses `<id>:<part>[,<part>…][;<id>:…]` (`drivers/mtd/parsers/cmdlinepart.c`), up to the first invalid
    /// definition.
    ///
    /// An id ends at the last colon before the first parenthesis of its definition: ids contain commas, spaces, and
    /// even colons.
    package static func list(_ value: ByteText) -> [PartitionDefinition] {
        var result: [PartitionDefinition] = []
        for text in value.split(0x3B, most: 64) {
            let head = text.before("(") ?? text
            guard let id = head.beforeLast(0x3A) else { break }
            let rest = ByteText(text.bytes[(id.bytes.endIndex + 1)...])
            guard let parts = parts(rest), !parts.isEmpty else { break }
            result.append(PartitionDefinition(id: id.string(), parts: parts))
        }
        return result
    }

    private static func parts(_ text: ByteText) -> [Part]? {
        var rest = text
        var parts: [Part] = []
        var position = 0
        while !rest.isEmpty {
            guard parts.count < BoardLimits.devices else { return nil }
            var size: Int?
            if !rest.take("-") {
                guard let value = number(&rest) else { return nil }
                size = value
            }
            var offset = position
            if rest.take("@") {
                guard let value = number(&rest) else { return nil }
                offset = value
            }
            var name = "Partition_" + padded(parts.count)
            if rest.take("(") {
                guard let text = rest.before(")"), let behind = rest.after(")") else { return nil }
                name = text.name()
                rest = behind
            }
            var isReadOnly = false
            while let flag = ["ro", "lk", "slc"].first(where: { rest.hasPrefix($0) }) {
                isReadOnly = isReadOnly || flag == "ro"
                _ = rest.take(flag)
            }
            parts.append(Part(name: name, offset: offset, size: size, isReadOnly: isReadOnly))
            guard let end = offset.plus(size ?? 0), end <= BoardLimits.number else { return nil }
            position = end
            if rest.isEmpty { break }
            guard rest.take(",") else { return nil }
        }
        return parts
    }

    /// Parses a number with a suffix k, M or G: decimal, hexadecimal with `0x`, or octal with `0` (`lib/cmdline.c`,
    /// memparse).
    private static func number(_ text: inout ByteText) -> Int? {
        let value: Int?
        if text.hasPrefix("0x") || text.hasPrefix("0X") {
            value = text.takeHexadecimal()
        } else if text.hasPrefix("0") {
            let digits = text.bytes.prefix { $0 >= 0x30 && $0 <= 0x37 }
            text.bytes = text.bytes.dropFirst(digits.count)
            value = digits.count > 17 ? nil : digits.reduce(0) { $0 * 8 + Int($1) - 0x30 }
        } else {
            value = text.takeDecimal()
        }
        guard var value else { return nil }
        for (suffix, factor) in [
            ("k", 1 << 10), ("K", 1 << 10), ("m", 1 << 20), ("M", 1 << 20), ("g", 1 << 30), ("G", 1 << 30),
        ]
        where text.take(suffix) {
            guard let product = value.times(factor) else { return nil }
            value = product
            break
        }
        return value <= BoardLimits.number ? value : nil
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    }
}
