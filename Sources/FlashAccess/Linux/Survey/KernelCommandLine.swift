import FlashModel

/// The kernel's command line, `/proc/cmdline`.
package struct KernelCommandLine: Sendable, Hashable {
    /// A part of an `mtdparts=` definition.
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

    /// The parts of one chip.
    package struct Definition: Sendable, Hashable {
        /// The name of the MTD device that the kernel would use it for.
        package var id: String
        package var parts: [Part]
    }

    /// The whole line.
    package var text: String
    /// The definitions of `mtdparts=`. A claim, no proof: only where the chip's driver has that parser do they act.
    package var mtdparts: [Definition]
    /// The device of `root=`, as given: `/dev/mtdblock5`, `31:05`, `ubi0:rootfs`.
    package var root: String?
    /// The values of `ubi.mtd=`: a number or a name each.
    package var ubiMTD: [String]

    /// Parses what `cat /proc/cmdline` printed, or the device tree's `bootargs`.
    package init(_ reply: LinuxProbeReply) {
        let line = ByteText(reply.output.prefix(BoardLimits.lineBytes)).trimmed
        text = line.string(limit: BoardLimits.lineBytes)
        mtdparts = []
        ubiMTD = []
        for word in Self.words(line) {
            if let value = word.dropping("mtdparts=") ?? word.dropping("cmdlinepart.mtdparts=") {
                mtdparts = Self.definitions(value)
            } else if let value = word.dropping("root=") {
                root = value.string()
            } else if let value = word.dropping("ubi.mtd="), ubiMTD.count < 64 {
                ubiMTD.append((value.before(",") ?? value).string())
            }
        }
    }

    /// Words between blanks; a quoted part keeps its blanks, and loses its quotes (`lib/cmdline.c`, next_arg).
    private static func words(_ line: ByteText) -> [ByteText] {
        var result: [ByteText] = []
        var word: [UInt8] = []
        var isQuoted = false
        for byte in line.bytes {
            if byte == 0x22 {
                isQuoted.toggle()
            } else if ByteText.isBlank(byte), !isQuoted {
                if !word.isEmpty { result.append(ByteText(word[...])) }
                word = []
            } else {
                word.append(byte)
            }
        }
        if !word.isEmpty { result.append(ByteText(word[...])) }
        return result
    }

    /// `<id>:<part>[,<part>…][;<id>:…]` (`drivers/mtd/parsers/cmdlinepart.c`). Ends at the first part that is none.
    ///
    /// The id ends at the last colon before the first bracket of its definition: ids hold commas and blanks, and even
    /// colons.
    static func definitions(_ value: ByteText) -> [Definition] {
        var result: [Definition] = []
        for text in value.split(0x3B, most: 64) {
            let head = text.before("(") ?? text
            guard let id = head.beforeLast(0x3A) else { break }
            let rest = ByteText(text.bytes[(id.bytes.endIndex + 1)...])
            guard let parts = parts(rest), !parts.isEmpty else { break }
            result.append(Definition(id: id.string(), parts: parts))
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
                name = text.string()
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
