import FlashModel

/// UBI (Linux `drivers/mtd/ubi/ubi-media.h`): each erase block begins with an erase counter header, and the used ones
/// have a volume header behind it. ``UBIEraseCounterHeader``, ``UBIVolumeHeader`` and ``UBIVolumeTable`` parse them; all
/// have CRCs.
///
/// The size of an erase block is the smallest power of two from which the next header stands. Erased blocks between
/// others belong to it. Proven if the headers of all blocks and the volume table are intact; the volumes' contents are put
/// together in the order of their logical blocks and inspected by themselves. What dynamic volumes hold has no checksum
/// here.
package enum UBIContent: ContentFormat {
    package static let name = UBIArea.name
    package static let signatures = [Signature("UBI#")]
    package static let alignment = 512
    package static let repeats = true

    /// Sizes of erase blocks that exist, in bytes.
    private static let sizes = (12...23).map { 1 << $0 }
    /// The most blocks in a row without a header.
    private static let longestGap = 64

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool { UBIEraseCounterHeader(head.prefix(64)) != nil }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        guard let first = UBIEraseCounterHeader(try content.bytes(at: 0, count: 64)) else { return nil }
        guard let blockSize = try blockSize(first, &content) else {
            return Finding(
                name, at: content.start, size: nil, grade: .plausible,
                notes: ["only one erase block with a header was found, so their size is unknown"])
        }
        let area = try UBIScan(blockSize: blockSize, first: first, &content, longestGap: longestGap)
        var notes: [String] = []
        if area.damaged > 0 { notes.append("\(area.damaged) erase blocks are damaged") }
        if area.foreign > 0 { notes.append("\(area.foreign) erase blocks are left over from another image") }
        if area.volumes == nil { notes.append("the volume table is damaged") }
        let parts = area.parts(start: content.start)
        if parts.isEmpty, area.volumes != nil { notes.append("no volume has contents") }
        let volumes = (area.volumes?.volumes ?? []).map {
            "\($0.name): \($0.reservedBlocks) blocks, \($0.isStatic ? "static" : "dynamic")"
        }
        return Finding(
            name, at: content.start, size: area.count * blockSize,
            grade: area.volumes != nil && area.damaged == 0 ? .proven : .plausible,
            facts: [
                Fact("erase block size", .size(blockSize)), Fact("erase blocks", .number(area.count)),
                Fact("in use", .number(area.used)), .texts("volumes", volumes),
                Fact("highest erase counter", .number(area.highestCounter)),
                Fact("image sequence", .number(Int(first.imageSequence))),
            ], notes: notes, isOpaque: true, parts: parts)
    }

    /// The distance to the next header; nil if there is none.
    private static func blockSize(_ first: UBIEraseCounterHeader, _ content: inout ContentBytes) throws -> Int? {
        for size in sizes where size > first.dataOffset {
            // Some blocks in between may be bad or erased.
            for multiple in 1...4 where multiple == 1 || size >= 1 << 14 {
                let place = size * multiple
                guard place + 64 <= content.size else { break }
                guard UBIEraseCounterHeader(try content.bytes(at: place, count: 64)) != nil else { continue }
                // A multiple is right only if nothing smaller is: sizes ascend.
                if multiple == 1 { return size }
            }
        }
        return nil
    }
}
