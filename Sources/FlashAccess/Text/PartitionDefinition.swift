import FlashModel

/// A chip's partitions as `mtdparts=` defines them, for the kernel on its command line and for U-Boot in its
/// environment.
package struct PartitionDefinition: Sendable, Hashable {
    /// A part of the definition.
    package struct Part: Sendable, Hashable {
        /// As given; `Partition_%03d` where there is none, as the kernel does it.
        package var name: String
        /// Bytes from the start of the chip.
        package var offset: Int
        /// Bytes; nil for `-`, all the rest.
        package var size: Int?
        /// Whether `ro` was given.
        package var isReadOnly: Bool
    }

    /// The name of the MTD device that it would be used for.
    package var id: String
    package var parts: [Part]

    /// `<id>:<part>[,<part>…][;<id>:…]` (`drivers/mtd/parsers/cmdlinepart.c`). Ends at the first part that is none.
    ///
    /// The id ends at the last colon before the first bracket of its definition: ids hold commas and blanks, and even
    /// colons.
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

    /// A number with a suffix k, M or G, in decimal, hexadecimal with `0x`, or octal with `0` (`lib/cmdline.c`,
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
