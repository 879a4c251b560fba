import BoardConsoles
package import FlashAccess
import FlashModel

/// U-Boot's output for a command, without the echo and the next prompt.
///
/// Either may still be present; no parser misinterprets them.
package struct UBootReply: Sendable, Hashable {
    /// The exact bytes. Lines end in CR LF, LF CR (2013 on i.MX) or CR CR LF (without line editing).
    package var output: [UInt8]

    package init(output: [UInt8]) {
        self.output = output
    }

    package init(text: String) {
        self.init(output: Array(text.utf8))
    }

    /// The output without a prompt at its end.
    func without(_ prompt: [UInt8]) -> [UInt8] {
        output.suffix(prompt.count).elementsEqual(prompt) ? Array(output.dropLast(prompt.count)) : output
    }

    /// The lines, without line ends, escape sequences and control characters, within ``BoardLimits``.
    var lines: [ByteText] {
        TerminalText.plain(output.prefix(BoardLimits.replyBytes))
            .split(separator: 0x0A, maxSplits: BoardLimits.lines, omittingEmptySubsequences: false)
            .prefix(BoardLimits.lines)
            .map { ByteText($0.prefix(BoardLimits.lineBytes)) }
    }
}

extension UBootMTDList {
    /// Parses the output of `mtd list`; nil if it lists no device.
    package init?(_ reply: UBootReply) { self.init(reply.lines) }
}

extension UBootBadBlocks {
    /// Parses the reply; nil if it is not such a list.
    package init?(_ reply: UBootReply) { self.init(reply.lines) }
}

extension ByteText {
    /// An address as printed by U-Boot: one to sixteen hexadecimal digits, with or without `0x`. Addresses use all 64
    /// bits: MIPS64 boards print `ffffffff80000000`.
    var address: UInt64? {
        let digits = hasPrefix("0x") || hasPrefix("0X") ? bytes.dropFirst(2) : bytes
        guard (1...16).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            guard let digit = Self.hexadecimalValue(byte) else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return value
    }

    /// The value of a hexadecimal digit.
    static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        case 0x41...0x46: byte - 0x41 + 10
        default: nil
        }
    }

    /// Whether it consists of exactly this many hexadecimal digits.
    func isHexadecimal(digits: Int) -> Bool {
        bytes.count == digits && bytes.allSatisfy { Self.hexadecimalValue($0) != nil }
    }
}

/// A size as printed by U-Boot's print_size (`lib/display_options.c`) and similar functions.
struct UBootSize: Hashable {
    /// The size in bytes.
    var bytes: Int
    /// False if a decimal point shows that it was rounded to a tenth.
    var isExact: Bool

    /// A size that was not rounded.
    static func exact(_ bytes: Int) -> UBootSize { UBootSize(bytes: bytes, isExact: true) }

    /// Takes `16 MiB`, `1.5 MiB`, `256 Bytes`, `512 kB`, `128MiB`, `128 Mbit`, or a bare number of bytes from the start.
    ///
    /// U-Boot's MB and kB are 2^20 and 2^10 bytes (`drivers/mtd/cfi_flash.c`, flash_print_info).
    static func take(_ text: inout ByteText) -> UBootSize? {
        guard let whole = text.takeDecimal() else { return nil }
        var tenths = 0
        var isExact = true
        if text.hasPrefix(".") {
            var rest = text
            _ = rest.take(".")
            let digits = rest.bytes.prefix { (0x30...0x39).contains($0) }
            guard digits.count == 1, let tenth = ByteText(digits).decimal else { return nil }
            tenths = tenth
            isExact = tenth == 5 || tenth == 0
            text = ByteText(rest.bytes.dropFirst())
        }
        text.takeBlanks()
        var unit = 1
        for (name, size) in [
            ("Bytes", 1), ("bytes", 1), ("KiB", 1 << 10), ("kB", 1 << 10), ("KB", 1 << 10), ("MiB", 1 << 20),
            ("MB", 1 << 20), ("GiB", 1 << 30), ("GB", 1 << 30), ("B", 1), ("b", 1), ("M", 1 << 20), ("k", 1 << 10),
        ]
        where text.take(name) {
            unit = size
            break
        }
        guard let whole = whole.times(unit), let count = whole.plus(tenths * (unit / 10) + tenths * (unit % 10) / 10),
            count <= BoardLimits.number
        else { return nil }
        // `128 Mbit` is 16 MiB.
        let isBits = text.take("bit")
        guard !isBits || count % 8 == 0 else { return nil }
        return UBootSize(bytes: isBits ? count / 8 : count, isExact: isExact)
    }
}
