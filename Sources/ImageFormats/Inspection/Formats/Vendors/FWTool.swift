import FlashModel

/// OpenWrt's trailer (package fwtool): chunks behind an image, each closed by `FWx0`, CRC-32 without inversion at the end
/// over all before, type, and the chunk's size with this. The scan finds the end of a chunk, whose contents stand before
/// it, so only the trailer itself is claimed: plausible.
package enum FWTool: ContentFormat {
    package static let name = "OpenWrt metadata trailer"
    package static let signatures = [Signature("FWx0")]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        head.byte(8) <= 1 && (16...65536).contains(head.big(12)) && head.dropFirst(9).prefix(3).allSatisfy { $0 == 0 }
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let type = try content.big(8, 1)
        return Finding(
            name, at: content.start, size: 16, grade: .plausible,
            facts: [
                Fact("kind", .text(type == 1 ? "information" : "signature")),
                Fact("chunk size", .size(try content.big(12))),
            ])
    }
}

/// The mark at which OpenWrt starts its overlay behind a root file system: `DE AD C0 DE` (OpenWrt `mtd`, jffs2 mark).
package enum OverlayMark: ContentFormat {
    package static let name = "OpenWrt overlay mark"
    package static let signatures = [Signature([0xDE, 0xAD, 0xC0, 0xDE])]
    package static let alignment = 512

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        Finding(name, at: content.start, size: 4, grade: .hint)
    }
}
