package import FlashAccess
import FlashModel

/// U-Boot's output for a command. Lines end in CR LF, LF CR (2013 on i.MX) or CR CR LF (without line editing).
package typealias UBootReply = ConsoleReply

extension UBootMTDList {
    /// Parses the output of `mtd list`; nil if it lists no device.
    package init?(_ reply: UBootReply) { self.init(reply.lines) }
}

extension UBootBadBlocks {
    /// Parses the reply; nil if it is not such a list.
    package init?(_ reply: UBootReply) { self.init(reply.lines) }
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
