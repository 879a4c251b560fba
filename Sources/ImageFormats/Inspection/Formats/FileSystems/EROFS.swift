import FlashModel

/// EROFS (Linux `fs/erofs/erofs_fs.h`): a superblock 1 KiB behind the start. Its checksum covers only its own block:
/// plausible.
package enum EROFS: ContentFormat {
    package static let name = "EROFS"
    package static let signatures = [Signature([0xE2, 0xE1, 0xF5, 0xE0], at: 1024)]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        (9...16).contains(head.byte(1024 + 12)) && head.little(1024 + 36) > 0
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let blockSize = 1 << (try content.little(1024 + 12, 1))
        guard let size = try content.little(1024 + 36).times(blockSize), size <= content.size else { return nil }
        let built = try content.little(1024 + 24, 8)
        return Finding(
            name, at: content.start, size: size, grade: .plausible,
            facts: [
                Fact("block size", .size(blockSize)), Fact("inodes", .number(try content.little(1024 + 16, 8))),
                built > 0 ? Fact("created", .date(Int64(built))) : nil,
                Fact("UUID", .text(UUIDText.text(try content.bytes(at: 1024 + 48, count: 16)))),
                .text("label", try content.text(at: 1024 + 64, count: 16)),
            ], isOpaque: true)
    }
}
