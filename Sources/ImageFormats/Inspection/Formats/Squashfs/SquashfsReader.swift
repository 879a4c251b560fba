import FlashModel

/// Reads the tables and small files of a SquashFS 4. All sizes are limited.
struct SquashfsReader {
    let superblock: SquashfsSuperblock
    let method: BlockUnpacking.Method

    /// A metadata block, unpacked, and where the next one begins.
    private static let metadataSize = 8192
    /// The most bytes that a table may have, unpacked.
    private static let tableLimit = 8 << 20

    init(_ superblock: SquashfsSuperblock, _ method: BlockUnpacking.Method) {
        (self.superblock, self.method) = (superblock, method)
    }

    /// A table, unpacked, with the offset of each of its blocks in the image and in the bytes.
    struct Table {
        var bytes: [UInt8] = []
        /// Of each block: its distance from the start of the table, and its offset in ``bytes``.
        var blocks: [Int: Int] = [:]
    }

    /// What the inode and directory tables hold.
    struct Tree {
        var inodes: [Int: SquashfsInode] = [:]
        var directories = Table()
        var inodeStarts: [Int: Int] = [:]
        var root: SquashfsInode?
    }

    /// Reads a table of metadata blocks.
    ///
    /// - Returns: nil if a block is damaged, or the table is too large.
    private func table(_ range: Range<Int>, _ content: inout ContentBytes) throws -> Table? {
        var table = Table()
        var place = range.lowerBound
        while place + 2 <= range.upperBound {
            let header = try content.little(place, 2)
            let count = header & 0x7FFF
            guard count > 0, count <= Self.metadataSize, place + 2 + count <= range.upperBound else { return nil }
            table.blocks[place - range.lowerBound] = table.bytes.count
            let packed = try content.bytes(at: place + 2, count: count)
            if header & 0x8000 != 0 {
                table.bytes += packed
            } else {
                guard let bytes = BlockUnpacking.bytes(method, packed, limit: Self.metadataSize) else { return nil }
                table.bytes += bytes
            }
            guard table.bytes.count <= Self.tableLimit else { return nil }
            place += 2 + count
        }
        return place == range.upperBound ? table : nil
    }

    /// Reads all inodes and the directory table; nil if they are damaged.
    func tree(_ content: inout ContentBytes) throws -> Tree? {
        guard let inodes = try table(superblock.inodeTable..<superblock.directoryTable, &content) else { return nil }
        let end = try directoryEnd(&content)
        guard end > superblock.directoryTable,
            let directories = try table(superblock.directoryTable..<end, &content)
        else { return nil }
        var tree = Tree(directories: directories, inodeStarts: inodes.blocks)
        var place = 0
        while place < inodes.bytes.count, tree.inodes.count < superblock.inodes {
            guard let (inode, size) = SquashfsInode.parse(inodes.bytes[place...], blockSize: superblock.blockSize)
            else {
                return nil
            }
            tree.inodes[place] = inode
            place += size
        }
        guard tree.inodes.count == superblock.inodes, let base = inodes.blocks[superblock.root.block] else {
            return nil
        }
        tree.root = tree.inodes[base + superblock.root.offset]
        return tree.root?.kind == .directory ? tree : nil
    }

    /// Where the directory table ends: at the metadata of the fragment table, or what follows.
    private func directoryEnd(_ content: inout ContentBytes) throws -> Int {
        var ends: [Int] = []
        // Each of these tables is a list of the places of its metadata blocks, which stand before the list.
        if let fragments = superblock.fragmentTable { ends.append(try content.little(fragments, 8)) }
        // The export table, if there is one.
        if try !content.isFilled(88..<96, with: 0xFF) {
            let export = try content.little(88, 8)
            if export < superblock.used { ends.append(try content.little(export, 8)) }
        }
        ends.append(try content.little(superblock.idTable, 8))
        return ends.filter { $0 > superblock.directoryTable && $0 < superblock.used }.min() ?? 0
    }

    // MARK: Files

    /// The inode at a path such as `etc/os-release`; follows symbolic links, but only a few.
    func file(_ path: String, in tree: Tree) -> SquashfsInode? {
        var parts = path.split(separator: "/").map(String.init)[...]
        var open = [tree.root].compactMap(\.self)
        var links = 0
        while let name = parts.popFirst() {
            guard let directory = open.last else { return nil }
            if name == ".." {
                if open.count > 1 { open.removeLast() }
                continue
            }
            guard let inode = entries(of: directory, in: tree).first(where: { $0.name == name })?.inode else {
                return nil
            }
            guard inode.kind == .link else {
                open.append(inode)
                continue
            }
            links += 1
            guard links <= 8 else { return nil }
            if inode.target.hasPrefix("/") { open = [tree.root].compactMap(\.self) }
            parts = (inode.target.split(separator: "/").map(String.init) + parts)[...]
            guard parts.count <= 64 else { return nil }
        }
        return open.last
    }

    /// The entries of a directory: header of count, block, number, then entries.
    func entries(of directory: SquashfsInode, in tree: Tree) -> [(name: String, inode: SquashfsInode)] {
        guard directory.kind == .directory, let base = tree.directories.blocks[directory.start], directory.size > 3
        else { return [] }
        let start = base + directory.offset
        guard start <= tree.directories.bytes.count else { return [] }
        // The size counts 3 bytes for `.` and `..`, which have none.
        var bytes = tree.directories.bytes[start...].prefix(directory.size - 3)
        var result: [(String, SquashfsInode)] = []
        while bytes.count >= 12 {
            let (count, block) = (bytes.little(0) + 1, bytes.little(4))
            bytes = bytes.dropFirst(12)
            for _ in 0..<min(count, 256) where bytes.count >= 8 {
                let (offset, length) = (bytes.little(0, 2), bytes.little(6, 2) + 1)
                guard bytes.count >= 8 + length else { return result }
                let name = NameText.text(bytes.dropFirst(8).prefix(length))
                if let base = tree.inodeStarts[block], let inode = tree.inodes[base + offset] {
                    result.append((name, inode))
                }
                bytes = bytes.dropFirst(8 + length)
            }
            if count > 256 { return result }
        }
        return result
    }

    /// The bytes of a small file; nil if it is damaged or larger than a block.
    func contents(of file: SquashfsInode, _ content: inout ContentBytes) throws -> [UInt8]? {
        guard file.kind == .file, file.size <= superblock.blockSize, file.size > 0 else { return nil }
        if let stored = file.blocks.first {
            guard let block = try block(at: file.start, stored, &content) else { return nil }
            return Array(block.prefix(file.size))
        }
        guard let number = file.fragment, let (place, stored) = try fragment(number, &content),
            let block = try block(at: place, stored, &content), file.offset + file.size <= block.count
        else { return nil }
        return Array(block[file.offset..<(file.offset + file.size)])
    }

    /// A block of data; bit 24 of its stored size says that it is not compressed.
    private func block(at place: Int, _ stored: Int, _ content: inout ContentBytes) throws -> [UInt8]? {
        let count = stored & 0xFF_FFFF
        guard count > 0, count <= superblock.blockSize, place >= 96, let end = place.plus(count), end <= superblock.used
        else { return nil }
        var packed: [UInt8] = []
        guard try content.stream(place..<end, { packed += $0 }) else { return nil }
        return stored & 1 << 24 != 0
            ? packed : BlockUnpacking.bytes(method, packed[...], limit: superblock.blockSize)
    }

    /// The place and stored size of a fragment block.
    private func fragment(_ number: Int, _ content: inout ContentBytes) throws -> (Int, Int)? {
        try fragments(&content).flatMap { number < $0.count ? $0[number] : nil }
    }

    /// All fragment blocks; nil if the table is damaged.
    func fragments(_ content: inout ContentBytes) throws -> [(place: Int, stored: Int)]? {
        guard let list = superblock.fragmentTable else { return [] }
        let start = try content.little(list, 8)
        guard start < list, let table = try table(start..<list, &content),
            table.bytes.count >= superblock.fragments * 16
        else { return nil }
        return (0..<superblock.fragments).map { number in
            let entry = table.bytes[(number * 16)...]
            return (entry.little(0, 8) & .max, entry.little(8))
        }
    }

    // MARK: Proof

    /// Whether the blocks that inodes and fragments name, and the tables, account for every byte between the superblock
    /// and the end.
    func accountsForAll(_ tree: Tree, _ content: inout ContentBytes) throws -> Bool {
        guard let fragments = try fragments(&content) else { return false }
        var ranges: [Range<Int>] = []
        func add(_ place: Int, _ stored: Int) -> Bool {
            let count = stored & 0xFF_FFFF
            guard place >= 96, let end = place.plus(count), end <= superblock.inodeTable else { return count == 0 }
            if count > 0 { ranges.append(place..<end) }
            return true
        }
        for inode in tree.inodes.values where inode.kind == .file {
            var place = inode.start
            for stored in inode.blocks {
                guard add(place, stored) else { return false }
                place += stored & 0xFF_FFFF
            }
        }
        for (place, stored) in fragments { guard add(place, stored) else { return false } }
        // The compressor's options are a metadata block behind the superblock.
        var covered = 96
        if superblock.flags & 0x400 != 0 { covered += 2 + (try content.little(96, 2)) & 0x7FFF }
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard range.lowerBound <= covered else { return false }
            covered = max(covered, range.upperBound)
        }
        // The list of the id table's blocks is the last, or that of the extended attributes is.
        return covered == superblock.inodeTable
    }
}
