/// ZyXEL's header `0RDH` of NR7101 and others (OpenWrt firmware-utils `zytrx.c`): lengths, CRC-32 without inversion at the
/// end over the header, with its own field as 0, and over the body. Proven by both.
package enum ZyXELTRX: ContentFormat {
    package static let name = "ZyXEL firmware"
    package static let signatures = [Signature("0RDH")]
    private static let headerSum = 372
    private static let headerSize = 380

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let (header, total) = (try content.big(4), try content.big(8))
        guard header == headerSize, total > header, total <= content.size else { return nil }
        var bytes = Array(try content.bytes(at: 0, count: headerSize))
        let stored = bytes[...].big(headerSum)
        bytes.replaceSubrange(headerSum..<(headerSum + 4), with: [0, 0, 0, 0])
        guard Int(VendorChecksums.jam(bytes)) == stored else { return nil }
        let body = try content.big(12)
        return .checked(
            name, at: content.start, size: total, holds: try content.crc32(header..<total).map { Int(~$0) == body },
            facts: [
                .text("version", try content.text(at: 16, count: 32)),
                .text("other version", try content.text(at: 48, count: 32)),
            ])
    }
}
