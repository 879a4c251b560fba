import FlashModel

/// D-Link's WRGG (OpenWrt firmware-utils `mkwrgg.c`, `mkwrggimg.c`): signature, magic twice, names, size, MD5 over offset,
/// device name and data, which begin at 0xA0. Numbers are in either byte order. Proven by the MD5.
package enum DLinkWRGG: ContentFormat {
    package static let name = "D-Link WRGG"
    package static let signatures = [
        Signature([0x20, 0x08, 0x03, 0x21, 0x20, 0x08, 0x03, 0x21], at: 0x20),
        Signature([0x21, 0x03, 0x08, 0x20, 0x21, 0x03, 0x08, 0x20], at: 0x20),
    ]

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let isBigEndian = try content.big(0x20) == 0x2008_0321
        let size = try content.number(0x68, isBigEndian: isBigEndian)
        guard let end = size.plus(0xA0), end <= content.size, size > 0,
            let signature = try content.text(at: 0, count: 32)
        else { return nil }
        let stored = Hexadecimal.text(try content.bytes(at: 0x90, count: 16))
        let named = Array(try content.bytes(at: 0x6C, count: 0x24))
        return .checked(
            name, at: content.start, size: end,
            holds: try content.digest(.md5, before: named, 0xA0..<end).map { $0 == stored },
            facts: [
                .text("signature", signature), .text("version", try content.text(at: 0x28, count: 16)),
                .text("model", try content.text(at: 0x38, count: 16)),
                .text("device", try content.text(at: 0x70, count: 32)),
            ])
    }
}
