import FlashModel

/// TP-Link's headers, versions 1, 2 and 3 (OpenWrt firmware-utils `mktplinkfw.c`, `mktplinkfw2.c`): 512 bytes, big-endian,
/// with the places of kernel, root file system and bootloader.
///
/// The MD5 covers the whole with its own field replaced by a salt. On flash it rarely holds, because the board writes only
/// parts of the file, or OpenWrt none: plausible then. Proven by the MD5.
package enum TPLinkHeader: ContentFormat {
    package static let name = "TP-Link firmware"
    package static let signatures = [
        Signature([0x01, 0x00, 0x00, 0x00, 0x54, 0x50, 0x2D, 0x4C, 0x49, 0x4E, 0x4B]),
        Signature([0x01, 0x00, 0x00, 0x00, 0x4F, 0x70, 0x65, 0x6E, 0x57, 0x72, 0x74]),
        // Version 2 and 3 have these in the middle of the header.
        Signature([0x55, 0xAA], at: 0x8C),
    ]
    package static let alignment = 512
    private static let size = 0x200

    private static let salts = [
        1: ["dcd73aa5c39598fbddf9e7f40eae4738", "8cef335bd5c5cefaa79c28dab2e90f42"],
        2: ["dcd73aa5c39598fbdcf9e7f40eae4737", "8cef335fd5c5cefaac9c28dab2e90f42"],
    ]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        head.count >= size && (1...3).contains(head.big(0) >> 24) && head.big(0) & 0xFF_FFFF == 0
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let version = try content.big(0) >> 24
        func number(_ first: Int, _ second: Int) throws -> Int { try content.big(version == 1 ? first : second) }
        let length = try number(0x7C, 0x70)
        let parts = [
            ("kernel", try number(0x80, 0x74), try number(0x84, 0x78)),
            ("root file system", try number(0x88, 0x7C), try number(0x8C, 0x80)),
            ("bootloader", try number(0x90, 0x84), try number(0x94, 0x88)),
        ]
        guard let text = try content.text(at: version == 1 ? 0x1C : 4, count: version == 1 ? 36 : 48),
            parts.allSatisfy({ $0.2 == 0 || ($0.1.plus($0.2) ?? .max) <= max(length, Self.size) || length == 0 }),
            parts.contains(where: { $0.2 > 0 }), length != 0 || version == 1
        else { return nil }
        let places = parts.filter { $0.2 > 0 }.map { "\($0.0): \(ByteCount.hex($0.1)), \(ByteCount.hex($0.2))" }
        let facts: [Fact?] = [
            Fact("version", .number(version)),
            .text("vendor", version == 1 ? try content.text(at: 4, count: 24) : nil), .text("firmware version", text),
            Fact("hardware id", .text(ByteCount.hex(try number(0x40, 0x34)))),
            Fact("hardware revision", .number(try number(0x44, 0x38))), Fact("parts", .texts(places)),
        ]
        guard length >= Self.size, length <= content.size else {
            return Finding(
                name, at: content.start, size: Self.size, grade: .plausible, facts: facts,
                notes: ["its parts are not here as the header says"])
        }
        let holds = try holds(version, length, content, hasBoot: parts[2].2 > 0)
        guard holds == true else {
            return Finding(
                name, at: content.start, size: Self.size, grade: .plausible, facts: facts,
                notes: ["its header is valid, but its MD5 does not hold, which is usual on flash"])
        }
        return Finding(name, at: content.start, size: length, grade: .proven, facts: facts)
    }

    private static func holds(_ version: Int, _ length: Int, _ content: ContentBytes, hasBoot: Bool) throws -> Bool? {
        var content = content
        let field = version == 1 ? 0x4C : 0x40
        let stored = Hexadecimal.text(try content.bytes(at: field, count: 16))
        let before = Array(try content.bytes(at: 0, count: field))
        guard let salt = Self.salts[min(version, 2)].map({ $0[hasBoot ? 1 : 0] }) else { return nil }
        return try content.digest(.md5, before: before + HexText.bytes(salt), (field + 16)..<length).map {
            $0 == stored
        }
    }
}
