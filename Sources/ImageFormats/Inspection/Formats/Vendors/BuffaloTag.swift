import FlashModel

/// Buffalo's tag (OpenWrt firmware-utils `buffalo-tag.c`): 160 bytes in front of an image, with product, brand, version, platform
/// and big-endian total length; a POSIX CRC over all with its field as 0. Proven by that.
package enum BuffaloTag: ContentFormat {
    package static let name = "Buffalo firmware"
    package static let signatures = ["BUFFALO\0", "MELCO\0"].map { Signature($0, at: 32) }

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        head.count >= 160 && head.byte(0) != 0 && head.prefix(32).prefix { $0 != 0 }.isPrintable && head.big(136) > 160
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let (length, stored) = (try content.big(136), try content.big(140))
        guard length > 160, length <= content.size else { return nil }
        let head = Array(try content.bytes(at: 0, count: 140)) + [0, 0, 0, 0]
        let sum = try content.digest(.cksum, before: head, 144..<length)
        return .checked(
            name, at: content.start, size: length,
            holds: sum.map { $0 == Hexadecimal.text(UInt32(truncatingIfNeeded: stored)) },
            facts: [
                .text("product", try content.text(at: 0, count: 32)),
                .text("version", try content.text(at: 64, count: 8)),
                .text("platform", try content.text(at: 90, count: 8)),
            ])
    }
}
