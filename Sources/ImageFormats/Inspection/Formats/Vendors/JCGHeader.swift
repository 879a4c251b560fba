import FlashModel

/// JCG's header (OpenWrt firmware-utils `jcgimage.c`): 512 bytes, big-endian, `YSZJ`, CRC-32 of the payload at 504 and of the
/// header at 508, made with that as 0. The payload's size is that of the uImage in it: the CRC is tried with that. Plausible by
/// the header's CRC, proven by both.
package enum JCGHeader: ContentFormat {
    package static let name = "JCG firmware"
    package static let signatures = [Signature("YSZJ")]
    private static let size = 512

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let head = try content.bytes(at: 0, count: size)
        let sum = CRC32.sum(of: Array(head.prefix(508)) + [0, 0, 0, 0])
        guard Int(sum) == head.big(508) else { return nil }
        let facts = [Fact("version", .text("\(head.big(0x6C, 2)).\(head.big(0x6E, 2))"))]
        if try content.has([0x27, 0x05, 0x19, 0x56], at: size),
            let end = (size + 64).plus(try content.big(size + 12)), end <= content.size,
            let payload = try content.crc32(size..<end), Int(payload) == head.big(504)
        {
            return Finding(name, at: content.start, size: end, grade: .proven, facts: facts)
        }
        return Finding(name, at: content.start, size: size, grade: .plausible, facts: facts)
    }
}
