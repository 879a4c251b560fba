import FlashModel

/// Senao's and EnGenius' header (OpenWrt firmware-utils `mksenaofw.c`): 96 bytes, big-endian: 0, vendor, product, version, type,
/// length, MD5 of the plain payload, byte sum of the header with its field as 0, key. The payload is XORed with the key,
/// rotated, anew for each 512 bytes. Plausible by the header's sum, proven by the MD5.
package enum SenaoHeader: ContentFormat {
    package static let name = "Senao firmware"
    // The key that all known images have.
    package static let signatures = [Signature([0x12, 0x34, 0x56, 0x78], at: 0x5C)]
    private static let size = 0x60

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        head.count >= size && head.big(0) == 0 && head.big(0x1C) <= 16
            && head.dropFirst(0xC).prefix(16).prefix { $0 != 0 }.isPrintable
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let head = try content.bytes(at: 0, count: size)
        let sum = head.reduce(0) { $0 + Int($1) } - head.dropFirst(0x58).prefix(4).reduce(0) { $0 + Int($1) }
        guard sum == head.big(0x58), let end = size.plus(head.big(0x20)), end <= content.size, end > size else {
            return nil
        }
        var hash = StreamingChecksum(.md5)
        var index = 0
        let isDone = try content.stream(size..<end) { bytes in
            hash.update(
                bytes.map { byte -> UInt8 in
                    defer { index += 1 }
                    return byte ^ UInt8(truncatingIfNeeded: 0x1234_5678 >> (index % 512 % 8))
                })
        }
        let stored = Hexadecimal.text(head.dropFirst(0x28).prefix(16))
        return .checked(
            name, at: content.start, size: end, holds: isDone ? hash.finalize().hex == stored : nil,
            facts: [
                Fact("vendor", .number(head.big(4))), Fact("product", .number(head.big(8))),
                .text("version", try content.text(at: 0xC, count: 16)),
            ], isOpaque: true)
    }
}
