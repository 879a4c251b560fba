import FlashModel

/// Realtek's images of RTL819x (rtl819x boot code `rtk.h`, `utility.c`): a signature of four characters, load address,
/// flash offset, length with the checksum at the end; big-endian. The 16-bit words of the data add up to 0; for web pages
/// (`w…`) the bytes do. Proven by that.
package enum RealtekImage: ContentFormat {
    package static let name = "Realtek image"
    private static let kinds = [
        "cs6b": "kernel", "cs6c": "kernel", "cr6b": "kernel, root file system follows",
        "cr6c": "kernel, root file system follows", "csys": "kernel", "csro": "kernel, root file system follows",
        "r6br": "root file system", "r6cr": "root file system", "w6bp": "web pages", "w6cp": "web pages",
        "webp": "web pages", "root": "root file system", "boot": "bootloader",
    ]
    package static let signatures = kinds.keys.sorted().map { Signature($0) }

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        let (burn, length) = (head.big(8), head.big(12))
        return (0x400...1 << 26).contains(length) && length % 2 == 0 && burn < 1 << 26
            && [0x80, 0x81, 0x00].contains(head.byte(4))
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let length = try content.big(12)
        guard let end = length.plus(16), end <= content.size, let kind = try content.text(at: 0, count: 4) else {
            return nil
        }
        var words: UInt16 = 0
        var bytes: UInt8 = 0
        var isHigh = true
        let isDone = try content.stream(16..<end) { part in
            for byte in part {
                words &+= isHigh ? UInt16(byte) << 8 : UInt16(byte)
                bytes &+= byte
                isHigh.toggle()
            }
        }
        guard isDone, (kind.hasPrefix("w") ? UInt16(bytes) : words) == 0 else { return nil }
        return Finding(
            name, at: content.start, size: end, grade: .proven,
            facts: [
                .text("kind", kinds[kind]), Fact("signature", .text(kind)),
                Fact("load address", .address(UInt64(try content.big(4)))),
                Fact("flash address", .address(UInt64(try content.big(8)))),
            ])
    }
}
