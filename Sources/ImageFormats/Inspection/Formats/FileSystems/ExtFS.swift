import FlashModel

/// ext2, ext3 and ext4 (Linux `fs/ext4/ext4.h`, struct ext4_super_block): a superblock 1 KiB behind the start.
///
/// Only the superblock has a checksum, and only with metadata_csum; the whole has none: plausible. Backup superblocks,
/// which have the number of their group, are not file systems of their own.
package enum ExtFS: ContentFormat {
    package static let name = "ext file system"
    package static let signatures = [Signature([0x53, 0xEF], at: 0x438)]
    package static let alignment = 512
    package static let repeats = true

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        let block = head.little(0x418)
        return head.count >= 0x600 && block <= 6 && head.little(0x45A, 2) == 0 && head.little(0x44C) <= 1
            && head.little(0x414) == (block == 0 ? 1 : 0) && head.little(0x404) > 0 && head.little(0x400) > 0
            && (1...3).contains(head.little(0x43A, 2) & 3 == 0 ? 1 : head.little(0x43A, 2) & 3)
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let blockSize = 1024 << (try content.little(0x418))
        let (compatible, incompatible, readOnly) = (
            try content.little(0x45C), try content.little(0x460), try content.little(0x464)
        )
        let high = incompatible & 0x80 != 0 ? try content.little(0x550) : 0
        let perGroup = try content.little(0x420)
        let (inodes, inodesPerGroup) = (try content.little(0x400), try content.little(0x428))
        guard let blocks = (high << 32).plus(try content.little(0x404)), let size = blocks.times(blockSize), size > 0,
            perGroup > 0, perGroup <= 8 * blockSize, inodesPerGroup > 0, inodes % inodesPerGroup == 0
        else { return nil }
        let groups = (blocks + perGroup - 1) / perGroup
        guard inodes / inodesPerGroup == groups else { return nil }
        let kind = incompatible & 0x240 != 0 || readOnly & 0x478 != 0 ? "ext4" : compatible & 4 != 0 ? "ext3" : "ext2"
        let isCut = size > content.size
        return Finding(
            name, at: content.start, size: isCut ? content.size : size, grade: .plausible,
            facts: [
                Fact("kind", .text(kind)), .text("label", try content.text(at: 0x478, count: 16)),
                Fact("block size", .size(blockSize)),
                Fact("UUID", .text(UUIDText.text(try content.bytes(at: 0x468, count: 16)))),
                .text("last mounted on", try content.text(at: 0x488, count: 64)),
            ], notes: isCut ? ["the image ends before it does: it has \(ByteCount.text(size))"] : [])
    }
}

/// A UUID in its usual form.
enum UUIDText {
    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let digits = Array(Hexadecimal.text(bytes))
        let ends = [8, 12, 16, 20, 32]
        return zip([0] + ends, ends).map { String(digits.dropFirst($0).prefix($1 - $0)) }.joined(separator: "-")
    }
}
