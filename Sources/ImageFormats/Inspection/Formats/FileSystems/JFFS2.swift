import FlashModel

/// JFFS2 (Linux `include/uapi/linux/jffs2.h`): nodes on 4-byte boundaries, in either byte order. Each has a header of 12
/// bytes, magic 0x1985, type, length and the header's own CRC; inodes and directory entries have CRCs of themselves and of
/// their data. All are CRC-32 from 0 without inversions.
///
/// The unit is the erase block: it holds nodes from its start, then 0xFF. Between nodes, up to 1 MiB of erased flash and
/// up to 256 KiB of anything else is accepted. The size of an erase block is the smallest distance of cleanmarkers.
/// Proven if all CRCs hold. Obsolete nodes have the bit "accurate" cleared after their CRC was made.
package enum JFFS2: ContentFormat {
    package static let name = "JFFS2"
    package static let signatures = nodeTypes.flatMap { type in
        // The accurate bit may be cleared; it is the second-highest of the type that differs.
        [
            Signature([0x19, 0x85, UInt8(type >> 8), UInt8(type & 0xFF)], mask: [0xFF, 0xFF, 0xDF, 0xFF]),
            Signature([0x85, 0x19, UInt8(type & 0xFF), UInt8(type >> 8)], mask: [0xFF, 0xFF, 0xFF, 0xDF]),
        ]
    }
    package static let alignment = 4
    package static let repeats = true

    static let directoryEntry = 0xE001
    static let inode = 0xE002
    static let cleanmarker = 0x2003
    private static let nodeTypes = [directoryEntry, inode, cleanmarker, 0x2004, 0x2006, 0xE008, 0xE009]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool { JFFS2Node(head) != nil }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        var walk = JFFS2Walk()
        try walk.run(&content)
        guard walk.nodes > 0, walk.end > 0 else { return nil }
        // Single headers that fit occur in programs that make file systems.
        guard walk.checked > 0 || walk.nodes > 1 else { return nil }
        var end = walk.end
        let eraseBlock = walk.eraseBlockSize
        if let eraseBlock, let rounded = end.roundedUp(to: eraseBlock), rounded <= content.size { end = rounded }
        let isProven = walk.damaged == 0 && walk.checked > 0
        var notes: [String] = []
        if walk.damaged > 0 { notes.append("\(walk.damaged) of \(walk.nodes) nodes are damaged") }
        let compressors = walk.compressors.sorted().map { JFFS2Node.compressorNames[$0] ?? "number \($0)" }
        return Finding(
            name, at: content.start, size: end, grade: isProven ? .proven : .plausible,
            facts: [
                Fact("byte order", .text(walk.isBigEndian ? "big-endian" : "little-endian")),
                eraseBlock.map { Fact("erase block size", .size($0)) },
                Fact("nodes", .number(walk.nodes)), Fact("obsolete nodes", .number(walk.obsolete)),
                .texts("compression", compressors), .texts("top-level names", walk.topNames.sorted()),
            ], notes: notes, isOpaque: true)
    }
}

/// The header of a node.
struct JFFS2Node {
    var isBigEndian: Bool
    /// With the accurate bit set.
    var type: Int
    var isObsolete: Bool
    /// The whole size in bytes, at least 12.
    var length: Int

    private static let accurate = 0x2000
    static let compressorNames = [
        0: "none", 1: "zero", 2: "rtime", 3: "rubinmips", 4: "copy", 5: "dynrubin", 6: "zlib", 7: "lzo", 8: "lzma",
    ]

    /// Parses 12 bytes; nil unless the header's CRC holds.
    init?(_ head: ArraySlice<UInt8>) {
        guard head.count >= 12 else { return nil }
        isBigEndian = head.byte(0) == 0x19
        guard (isBigEndian ? head.big(0, 2) : head.little(0, 2)) == 0x1985 else { return nil }
        let stored = isBigEndian ? head.big(2, 2) : head.little(2, 2)
        type = stored | Self.accurate
        isObsolete = stored & Self.accurate == 0
        length = isBigEndian ? head.big(4) : head.little(4)
        var bytes = Array(head.prefix(8))
        // The bit is in the high byte of the type.
        bytes[isBigEndian ? 2 : 3] |= UInt8(Self.accurate >> 8)
        let sum = isBigEndian ? head.big(8) : head.little(8)
        guard length >= 12, VendorChecksums.zero(bytes) == UInt32(truncatingIfNeeded: sum) else { return nil }
    }
}

/// A walk over the nodes of a file system.
private struct JFFS2Walk {
    private(set) var isBigEndian = false
    private(set) var nodes = 0
    private(set) var obsolete = 0
    /// Nodes whose CRCs hold.
    private(set) var checked = 0
    private(set) var damaged = 0
    private(set) var compressors: Set<Int> = []
    private(set) var topNames: Set<String> = []
    /// The end of the last node.
    private(set) var end = 0
    private var cleanmarkers: [Int] = []

    private static let step = 4096
    private static let erasedGap = 1 << 20
    private static let otherGap = 256 << 10
    private static let mostNames = 64
    private static let mostCleanmarkers = 4096

    /// The smallest distance of cleanmarkers, if that is a size of erase blocks.
    var eraseBlockSize: Int? {
        let distances = zip(cleanmarkers.dropFirst(), cleanmarkers).map { $0 - $1 }
        guard let least = distances.min(), least >= 4096, least.nonzeroBitCount == 1 else { return nil }
        return least
    }

    mutating func run(_ content: inout ContentBytes) throws {
        var place = 0
        var gap = Self.erasedGap
        while place + 12 <= content.size, place - end <= gap {
            let head = try content.bytes(at: place, count: 12)
            if let node = JFFS2Node(head), nodes == 0 || node.isBigEndian == isBigEndian,
                let next = place.plus(node.length)?.roundedUp(to: 4), next <= content.size + 3
            {
                isBigEndian = node.isBigEndian
                try take(node, at: place, &content)
                end = min(next, content.size)
                place = end
                gap = Self.erasedGap
                continue
            }
            if !head.allSatisfy({ $0 == 0xFF }) { gap = Self.otherGap }
            // The next page of the image.
            place += Self.step - (content.start + place) % Self.step
        }
    }

    private mutating func take(_ node: JFFS2Node, at place: Int, _ content: inout ContentBytes) throws {
        nodes += 1
        if node.isObsolete { obsolete += 1 }
        if node.type == JFFS2.cleanmarker, cleanmarkers.count < Self.mostCleanmarkers { cleanmarkers.append(place) }
        guard node.type == JFFS2.directoryEntry || node.type == JFFS2.inode, node.length <= 65536,
            place + node.length <= content.size
        else { return }
        // A copy, because the CRC was made with the accurate bit set.
        var bytes = Array(try content.bytes(at: place, count: node.length))
        bytes[isBigEndian ? 2 : 3] |= 0x20
        let isIntact = node.type == JFFS2.inode ? inode(bytes[...]) : entry(bytes[...], node)
        if isIntact { checked += 1 } else { damaged += node.isObsolete ? 0 : 1 }
    }

    private func number(_ bytes: ArraySlice<UInt8>, _ offset: Int) -> Int {
        isBigEndian ? bytes.big(offset) : bytes.little(offset)
    }

    private func holds(_ bytes: ArraySlice<UInt8>, _ range: Range<Int>, _ sum: Int) -> Bool {
        guard range.upperBound <= bytes.count else { return false }
        return VendorChecksums.zero(bytes.dropFirst(range.lowerBound).prefix(range.count))
            == UInt32(truncatingIfNeeded: number(bytes, sum))
    }

    private mutating func inode(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count >= 68, holds(bytes, 0..<60, 64) else { return false }
        compressors.insert(Int(bytes.byte(56)))
        let size = number(bytes, 48)
        return size <= bytes.count - 68 && holds(bytes, 68..<(68 + size), 60)
    }

    private mutating func entry(_ bytes: ArraySlice<UInt8>, _ node: JFFS2Node) -> Bool {
        let length = Int(bytes.byte(28))
        guard bytes.count >= 40 + length, holds(bytes, 0..<32, 32), holds(bytes, 40..<(40 + length), 36) else {
            return false
        }
        // The root is inode 1; inode 0 is a deletion.
        if number(bytes, 12) == 1, number(bytes, 20) != 0, !node.isObsolete, topNames.count < Self.mostNames {
            topNames.insert(NameText.text(bytes.dropFirst(40).prefix(length)))
        }
        return true
    }
}
