import FlashModel

/// Qualcomm's partition table, in MIBIB and in SMEM (Linux `drivers/mtd/parsers/qcomsmempart.c`): little-endian magics
/// 0x55EE73AA, 0xE35EBDDB, version, count, entries of 28 bytes with name, start and length in erase blocks. Plausible.
///
/// The size of an erase block is not in the table; starts and lengths are therefore counts.
package enum QualcommTable: ContentFormat {
    package static let name = "Qualcomm partition table"
    package static let signatures = [Signature([0xAA, 0x73, 0xEE, 0x55, 0xDB, 0xBD, 0x5E, 0xE3])]
    package static let alignment = 4

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let (version, count) = (try content.little(8), try content.little(12))
        guard (3...4).contains(version), (1...48).contains(count) else { return nil }
        var rows: [String] = []
        var entries: [FoundPartition] = []
        var end = 0
        for index in 0..<count {
            let place = 16 + 28 * index
            guard let name = try content.text(at: place, count: 16), !name.isEmpty else { return nil }
            let (start, length) = (try content.little(place + 16), try content.little(place + 20))
            guard start >= end || index == 0 || length == 0 else { return nil }
            end = start
            entries.append(FoundPartition(name: name, offset: start, size: length == 0xFFFF_FFFF ? nil : length))
            let blocks = length == 0xFFFF_FFFF ? "to the end" : "\(length) blocks"
            rows.append("\(name): block \(start), \(blocks)")
        }
        return Finding(
            name, at: content.start, size: 16 + 28 * count, grade: .plausible,
            facts: [Fact("version", .number(version)), Fact("partitions", .texts(rows))],
            table: FoundTable(.eraseBlocks, entries))
    }
}
