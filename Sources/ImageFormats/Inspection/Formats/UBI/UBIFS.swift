import FlashModel

/// UBIFS (Linux `fs/ubifs/ubifs-media.h`): logical erase blocks of nodes on 8-byte boundaries, each with magic
/// 0x06101831, CRC (zlib's without the inversion at the end), length and type. Logical block 0 holds the superblock, 1 and
/// 2 the master nodes.
///
/// It is found in the contents of a UBI volume, or in a dump of one; on raw flash its blocks are scattered. Its extent is
/// the size times the number of logical blocks, or the end of the volume, which may not have them all. Proven if the CRC
/// of each node outside of the LPT area holds.
package enum UBIFS: ContentFormat {
    package static let name = "UBIFS"
    // The superblock's node has a length of 4096 and type 6.
    package static let signatures = [Signature([0x31, 0x18, 0x10, 0x06])]
    package static let alignment = 512
    package static let repeats = true

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        head.count >= 4096 && head.little(16) == 4096 && head.byte(20) == 6
            && VendorChecksums.jam(head.dropFirst(8).prefix(4088)) == UInt32(truncatingIfNeeded: head.little(4))
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let (blockSize, count) = (try content.little(36), try content.little(40))
        guard (1 << 12...1 << 23).contains(blockSize), (8...1 << 20).contains(count), let whole = blockSize.times(count)
        else { return nil }
        let size = min(whole, content.size)
        // The LPT area is no nodes: it follows superblock, masters and log.
        let lpt = 3 + (try content.little(56))
        let lptBlocks = try content.little(60)
        var walk = UBIFSWalk(blockSize: blockSize, skipped: lpt..<(lpt.plus(lptBlocks) ?? .max))
        try walk.run(size, &content)
        var notes: [String] = []
        if walk.damaged > 0 { notes.append("\(walk.damaged) of \(walk.nodes) nodes are damaged") }
        if walk.masters == 0 { notes.append("no master node is intact") }
        let compression = [0: "none", 1: "lzo", 2: "zlib", 3: "zstd"][try content.little(84, 2)]
        return Finding(
            name, at: content.start, size: size, grade: walk.damaged == 0 && walk.masters > 0 ? .proven : .plausible,
            facts: [
                Fact("logical block size", .size(blockSize)), Fact("logical blocks", .number(count)),
                Fact("format", .number(try content.little(80))), .text("compression", compression),
                Fact("UUID", .text(UUIDText.text(try content.bytes(at: 108, count: 16)))),
                Fact("nodes", .number(walk.nodes)), .texts("top-level names", walk.topNames.sorted()),
            ], notes: notes, isOpaque: true)
    }
}

/// A walk over the nodes of a file system.
private struct UBIFSWalk {
    let blockSize: Int
    /// The logical blocks that hold no nodes.
    let skipped: Range<Int>
    private(set) var nodes = 0
    private(set) var damaged = 0
    private(set) var masters = 0
    private(set) var topNames: Set<String> = []
    private static let mostNames = 64

    init(blockSize: Int, skipped: Range<Int>) { (self.blockSize, self.skipped) = (blockSize, skipped) }

    mutating func run(_ size: Int, _ content: inout ContentBytes) throws {
        for block in 0..<(size / blockSize) where !skipped.contains(block) {
            var place = block * blockSize
            let end = place + blockSize
            while place + 24 <= end {
                let head = try content.bytes(at: place, count: 24)
                guard head.little(0) == 0x0610_1831 else { break }
                let length = head.little(16)
                guard length >= 24, length <= end - place else {
                    damaged += 1
                    break
                }
                try take(Int(head.byte(20)), place, length, UInt32(truncatingIfNeeded: head.little(4)), &content)
                // A padding node also covers bytes behind itself.
                let padding = head.byte(20) == 5 && length >= 28 ? try content.little(place + 24) : 0
                guard let next = length.plus(padding)?.roundedUp(to: 8) else { break }
                place += min(next, blockSize)
            }
        }
    }

    private mutating func take(
        _ type: Int, _ place: Int, _ length: Int, _ sum: UInt32, _ content: inout ContentBytes
    ) throws {
        nodes += 1
        guard length <= 65536 else {
            if let computed = try content.crc32((place + 8)..<(place + length)), ~computed != sum { damaged += 1 }
            return
        }
        let bytes = try content.bytes(at: place, count: length)
        guard VendorChecksums.jam(bytes.dropFirst(8)) == sum else {
            damaged += 1
            return
        }
        if type == 7 { masters += 1 }
        // A directory entry of the root, which is inode 1: its key begins with the parent.
        if type == 2, length > 57, bytes.little(24) == 1, topNames.count < Self.mostNames {
            let name = bytes.dropFirst(56).prefix(bytes.little(50, 2))
            if bytes.little(40, 8) != 0 { topNames.insert(NameText.text(name)) }
        }
    }
}
