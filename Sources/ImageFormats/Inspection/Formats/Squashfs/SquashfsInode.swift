import FlashModel

/// An inode (Linux `fs/squashfs/squashfs_fs.h`).
struct SquashfsInode {
    enum Kind {
        case directory
        case file
        case link
        case other
    }

    var kind: Kind
    /// The size of a file, or of a directory's entries, in bytes.
    var size = 0
    /// Where the blocks of a file begin, or the metadata block of a directory, from the start of its table.
    var start = 0
    /// The offset in the fragment, or in the metadata block.
    var offset = 0
    /// The stored sizes of a file's blocks.
    var blocks: [Int] = []
    /// The number of the fragment block; nil for none.
    var fragment: Int?
    /// The target of a symbolic link.
    var target = ""

    /// The most blocks of one file.
    private static let mostBlocks = 1 << 17

    /// Parses an inode; nil if it is damaged.
    ///
    /// - Returns: the inode, and its size in bytes.
    static func parse(_ bytes: ArraySlice<UInt8>, blockSize: Int) -> (SquashfsInode, Int)? {
        guard bytes.count >= 24 else { return nil }
        switch bytes.little(0, 2) {
        case 1:
            guard bytes.count >= 32 else { return nil }
            return (
                SquashfsInode(
                    kind: .directory, size: bytes.little(24, 2), start: bytes.little(16), offset: bytes.little(26, 2)),
                32
            )
        case 8: return longDirectory(bytes)
        case 2:
            return file(
                bytes, start: bytes.little(16), fragment: bytes.little(20), offset: bytes.little(24),
                size: bytes.little(28), head: 32, blockSize)
        case 9:
            guard bytes.count >= 56 else { return nil }
            let (start, size) = (UInt64(exactly: bytes.little(16, 7)), UInt64(exactly: bytes.little(24, 7)))
            guard let start, let size, bytes.byte(23) == 0, bytes.byte(31) == 0 else { return nil }
            return file(
                bytes, start: Int(start), fragment: bytes.little(44), offset: bytes.little(48), size: Int(size),
                head: 56,
                blockSize)
        case 3, 10:
            let length = bytes.little(20)
            guard length <= 65535, bytes.count >= 24 + length else { return nil }
            let target = NameText.text(bytes.dropFirst(24).prefix(length))
            return (
                SquashfsInode(kind: .link, target: target), 24 + length + (bytes.little(0, 2) == 10 ? 4 : 0)
            )
        // Block and character devices, pipes and sockets.
        case 4, 5: return (SquashfsInode(kind: .other), 24)
        case 11, 12: return (SquashfsInode(kind: .other), 28)
        case 6, 7: return (SquashfsInode(kind: .other), 20)
        case 13, 14: return (SquashfsInode(kind: .other), 24)
        default: return nil
        }
    }

    /// With an index, whose entries are skipped.
    private static func longDirectory(_ bytes: ArraySlice<UInt8>) -> (SquashfsInode, Int)? {
        guard bytes.count >= 40 else { return nil }
        var place = 40
        for _ in 0..<bytes.little(32, 2) {
            guard place + 12 <= bytes.count else { return nil }
            place += 12 + bytes.little(place + 8) + 1
        }
        guard place <= bytes.count else { return nil }
        return (
            SquashfsInode(
                kind: .directory, size: bytes.little(20), start: bytes.little(24), offset: bytes.little(34, 2)), place
        )
    }

    private static func file(
        _ bytes: ArraySlice<UInt8>, start: Int, fragment: Int, offset: Int, size: Int, head: Int, _ blockSize: Int
    ) -> (SquashfsInode, Int)? {
        let hasFragment = fragment != 0xFFFF_FFFF
        let count = size / blockSize + (!hasFragment && size % blockSize > 0 ? 1 : 0)
        guard count <= mostBlocks, bytes.count >= head + 4 * count else { return nil }
        return (
            SquashfsInode(
                kind: .file, size: size, start: start, offset: offset,
                blocks: (0..<count).map { bytes.little(head + 4 * $0) },
                fragment: hasFragment ? fragment : nil), head + 4 * count
        )
    }
}
