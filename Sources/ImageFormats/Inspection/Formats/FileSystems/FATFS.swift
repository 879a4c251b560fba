import FlashModel

/// FAT12, FAT16 and FAT32 (Microsoft, "FAT: General Overview of On-Disk Format" 1.03): a boot sector with the geometry.
/// There is no checksum: plausible.
package enum FATFS: ContentFormat {
    package static let name = "FAT file system"
    package static let signatures = [Signature([0x55, 0xAA], at: 510)]
    package static let alignment = 512
    /// FAT32 has a copy of its boot sector.
    package static let repeats = true

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        let jump = head.byte(0) == 0xEB && head.byte(2) == 0x90 || head.byte(0) == 0xE9
        let sector = head.little(11, 2)
        let cluster = Int(head.byte(13))
        return jump && (512...4096).contains(sector) && sector.nonzeroBitCount == 1 && cluster.nonzeroBitCount == 1
            && head.little(14, 2) > 0 && (1...2).contains(head.byte(16)) && head.byte(21) >= 0xF0
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let (sector, cluster) = (try content.little(11, 2), try content.little(13, 1))
        guard sector > 0, cluster > 0 else { return nil }
        let short = try content.little(19, 2)
        let sectors = short > 0 ? short : try content.little(32)
        let shortFAT = try content.little(22, 2)
        let perFAT = shortFAT > 0 ? shortFAT : try content.little(36)
        let root = (try content.little(17, 2) * 32 + sector - 1) / sector
        guard let fats = perFAT.times(try content.little(16, 1)),
            let reserved = fats.plus(try content.little(14, 2) + root),
            sectors > reserved, let size = sectors.times(sector)
        else { return nil }
        let clusters = (sectors - reserved) / cluster
        let kind = clusters < 4085 ? "FAT12" : clusters < 65525 ? "FAT16" : "FAT32"
        let label = kind == "FAT32" ? 71 : 43
        let isCut = size > content.size
        return Finding(
            name, at: content.start, size: isCut ? content.size : size, grade: .plausible,
            facts: [
                Fact("kind", .text(kind)), .text("label", try content.text(at: label, count: 11)?.trimmingControls),
                Fact("cluster size", .size(sector * cluster)),
            ], notes: isCut ? ["the image ends before it does: it has \(ByteCount.text(size))"] : [])
    }
}
