import FlashModel

/// SquashFS 1 to 4 (Linux `fs/squashfs/squashfs_fs.h`; squashfs-tools `squashfs_compat.h` for versions 1 to 3). `hsqs` is
/// little-endian, `sqsh` big-endian; versions before 4 exist in both, and some vendors have their own magic for LZMA.
///
/// It has no checksum. Version 4 is proven if its inode and directory tables decode whole and all blocks and tables that
/// they name account for every byte; blocks of data are not decoded for that. With LZO, and in older versions, only the
/// superblock is checked: plausible. Extent: the bytes used, padded to 4 KiB where the padding is blank.
package enum Squashfs: ContentFormat {
    package static let name = "SquashFS"
    package static let signatures = [
        Signature("hsqs"), Signature("sqsh"), Signature("sqlz"), Signature("zlqs"), Signature("tqsh"),
        Signature("hsqt"),
        Signature("shsq"), Signature("qshs"),
    ]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        head.count >= 96 && ((1...4).contains(head.little(28, 2)) || (1...4).contains(head.big(28, 2)))
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let magic = try content.text(at: 0, count: 4)
        let little = try content.little(28, 2)
        let isBigEndian = !(1...4).contains(little)
        func number(_ offset: Int, _ count: Int = 4) throws -> Int {
            try content.number(offset, count, isBigEndian: isBigEndian)
        }
        let (major, minor) = (try number(28, 2), try number(30, 2))
        guard major == 4 else { return try old(major, minor, isBigEndian, magic, &content) }
        guard let superblock = try SquashfsSuperblock(isBigEndian: isBigEndian, &content) else { return nil }
        var facts: [Fact?] = [
            Fact("version", .text("\(major).\(minor)")), .text("compression", superblock.compressorName),
            Fact("created", .date(Int64(superblock.time))), Fact("block size", .size(superblock.blockSize)),
            Fact("inodes", .number(superblock.inodes)),
            magic == "hsqs" ? nil : .text("variant", magic),
        ]
        let size = try padded(superblock.used, &content)
        func finding(_ grade: Grade, _ notes: [String] = []) -> Finding {
            Finding(name, at: content.start, size: size, grade: grade, facts: facts, notes: notes, isOpaque: true)
        }
        guard !isBigEndian, let method = superblock.method, method.isProvided else {
            return finding(.plausible, ["its compression is not provided, so its tables were not read"])
        }
        var reader = SquashfsReader(superblock, method)
        guard let tree = try reader.tree(&content) else {
            return finding(.plausible, ["its tables are damaged, or larger than supported"])
        }
        facts += try SquashfsFacts.facts(tree, &reader, &content)
        return try reader.accountsForAll(tree, &content)
            ? finding(.proven) : finding(.plausible, ["not all of its bytes are accounted for by its tables"])
    }

    /// With blank padding up to the next 4 KiB from its start, as mksquashfs writes it.
    private static func padded(_ used: Int, _ content: inout ContentBytes) throws -> Int {
        guard let end = used.roundedUp(to: 4096), end <= content.size, end > used else { return used }
        return try content.isFilled(used..<end, with: 0) ? end : used
    }

    /// Versions 1 to 3, of which only the superblock is read.
    private static func old(
        _ major: Int, _ minor: Int, _ isBigEndian: Bool, _ magic: String?, _ content: inout ContentBytes
    ) throws -> Finding? {
        func number(_ offset: Int, _ count: Int = 4) throws -> Int {
            try content.number(offset, count, isBigEndian: isBigEndian)
        }
        let used = major == 3 ? try number(63, 8) : try number(8)
        let blockSize = major == 1 ? try number(32, 2) : try number(51)
        let inodes = try number(4)
        guard used > 119, used <= content.size, (4096...1 << 20).contains(blockSize), blockSize.nonzeroBitCount == 1,
            (1...1 << 24).contains(inodes), minor <= 1
        else { return nil }
        let time = try number(39)
        return Finding(
            name, at: content.start, size: try padded(used, &content), grade: .plausible,
            facts: [
                Fact("version", .text("\(major).\(minor)")),
                Fact("byte order", .text(isBigEndian ? "big-endian" : "little-endian")), .text("variant", magic),
                Fact("created", .date(Int64(time))), Fact("block size", .size(blockSize)),
                Fact("inodes", .number(inodes)),
            ], isOpaque: true)
    }
}

/// The superblock of version 4.
struct SquashfsSuperblock {
    let inodes, time, blockSize, fragments, compressor, flags, ids, used: Int
    let root: (block: Int, offset: Int)
    let idTable, inodeTable, directoryTable: Int
    /// nil if there is none.
    let fragmentTable: Int?

    /// - Returns: nil unless all conditions hold.
    init?(isBigEndian: Bool, _ content: inout ContentBytes) throws {
        func number(_ offset: Int, _ count: Int = 4) throws -> Int {
            try content.number(offset, count, isBigEndian: isBigEndian)
        }
        (inodes, time, blockSize) = (try number(4), try number(8), try number(12))
        (fragments, compressor, flags) = (try number(16), try number(20, 2), try number(24, 2))
        (ids, used) = (try number(26, 2), try number(40, 8))
        let log = try number(22, 2)
        let reference = try number(32, 8)
        root = (reference >> 16, reference & 0xFFFF)
        (idTable, inodeTable, directoryTable) = (try number(48, 8), try number(64, 8), try number(72, 8))
        let isAbsent = try content.isFilled(80..<88, with: 0xFF)
        let place = isAbsent ? 0 : try number(80, 8)
        fragmentTable = isAbsent || fragments == 0 ? nil : place
        guard (12...20).contains(log), blockSize == 1 << log, inodes > 0, used > 96, used <= content.size,
            (96..<used).contains(inodeTable), inodeTable < directoryTable, directoryTable < used,
            (directoryTable..<used).contains(idTable), ids > 0, place < used
        else { return nil }
    }

    var method: BlockUnpacking.Method? { BlockUnpacking.Method(rawValue: compressor) }
    var compressorName: String { method?.name ?? "number \(compressor)" }
}
