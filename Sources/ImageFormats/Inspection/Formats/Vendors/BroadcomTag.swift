import FlashModel

/// Broadcom's image tag of bcm63xx (OpenWrt firmware-utils `bcm_tag.h`, `imagetag.c`): 256 bytes, numbers as decimal text,
/// CRC-32 without inversion at the end over the first 236 and over the image behind. Proven by both.
package enum BroadcomTag: ContentFormat {
    package static let name = "bcm63xx image tag"
    package static let signatures = [Signature("Broadcom Corporatio", at: 4)]
    private static let size = 256

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let head = try content.bytes(at: 0, count: size)
        guard Int(VendorChecksums.jam(head.prefix(236))) == head.big(236) else { return nil }
        guard let length = try number(62, 10, &content), length > 0, let end = length.plus(size) else { return nil }
        let facts: [Fact?] = [
            .text("chip", try content.text(at: 38, count: 6)), .text("board id", try content.text(at: 44, count: 16)),
            .text("information", try content.text(at: 162, count: 30)),
            .text("tag version", try content.text(at: 0, count: 4)),
        ]
        guard end <= content.size else {
            return Finding(
                name, at: content.start, size: size, grade: .plausible, facts: facts,
                notes: ["the image ends before it does"])
        }
        return .checked(
            name, at: content.start, size: end, holds: try content.crc32(size..<end).map { Int(~$0) == head.big(216) },
            facts: facts)
    }

    private static func number(_ offset: Int, _ count: Int, _ content: inout ContentBytes) throws -> Int? {
        try content.text(at: offset, count: count).flatMap { Int($0.trimmingControls) }
    }
}
