import FlashModel

/// Edimax' header (OpenWrt firmware-utils `edimax_fw_header.c`): `eDiMaX`, model, big-endian size and flash addresses, a sum
/// of the header and one of the data. Proven by the data's sum, which has 8 bits only, with the header's.
package enum EdimaxHeader: ContentFormat {
    package static let name = "Edimax firmware"
    package static let signatures = [Signature("eDiMaX")]
    private static let size = 94

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let length = try content.big(51)
        guard let end = length.plus(size), end <= content.size, length > 0,
            let model = try content.text(at: 16, count: 32)
        else { return nil }
        let sum = try content.byteSum(size..<end).map { Int($0 & 0xFF) ^ 0xB9 }
        let stored = try content.big(50, 1)
        return .checked(
            name, at: content.start, size: end, holds: sum.map { $0 == stored },
            facts: [
                .text("model", model), .text("version", try content.text(at: 63, count: 14)),
                Fact("flash address", .address(UInt64(try content.big(55)))),
                .text("partition", try content.text(at: 78, count: 16)),
            ])
    }
}
