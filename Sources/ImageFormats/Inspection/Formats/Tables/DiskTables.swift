import FlashModel

/// A GUID partition table (UEFI specification 2.10, chapter 5): `EFI PART`, CRC-32 of the header with its field as 0, CRC-32
/// of the entries. Proven by both; the finding is the header's sector, and the entries are where it says.
package enum GPT: ContentFormat {
    package static let name = "GPT"
    package static let signatures = [Signature("EFI PART")]
    package static let alignment = 512

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let size = try content.little(12)
        guard (92...512).contains(size) else { return nil }
        var bytes = Array(try content.bytes(at: 0, count: size))
        let stored = bytes[...].little(16)
        bytes.replaceSubrange(16..<20, with: [0, 0, 0, 0])
        guard Int(CRC32.sum(of: bytes)) == stored else { return nil }
        let (place, count, entry) = (try content.little(72, 8), try content.little(80), try content.little(84))
        let own = try content.little(24, 8)
        guard (1...1024).contains(count), (128...512).contains(entry), let distance = place.minus(own)?.times(512)
        else {
            return nil
        }
        var names: [String] = []
        // The backup's entries stand before it, out of reach.
        if distance > 0, let end = distance.plus(count * entry), end <= content.size {
            for index in 0..<count {
                let row = try content.bytes(at: distance + index * entry, count: 128)
                guard !row.prefix(16).allSatisfy({ $0 == 0 }) else { continue }
                let (first, last) = (row.little(32, 7), row.little(40, 7))
                guard let start = first.times(512), let end = last.plus(1)?.times(512), end > start else { continue }
                let units = stride(from: 56, to: 128, by: 2).map { UInt16(row.little($0, 2)) }.prefix { $0 != 0 }
                names.append(
                    FoundPartition(
                        name: String(decoding: units, as: UTF16.self), offset: start, size: end - start
                    ).text)
            }
        }
        return Finding(
            name, at: content.start, size: 512, grade: .proven,
            facts: [Fact("copy", .text(own == 1 ? "first" : "backup")), .texts("partitions", names)])
    }
}

/// A master boot record: `55 AA` at 510 and up to four entries at 446. It has neither magic number nor checksum worth the
/// name, so it is only accepted with entries whose ranges are in order and within the image: plausible.
package enum MBR: ContentFormat {
    package static let name = "MBR"
    package static let signatures = [Signature([0x55, 0xAA], at: 510)]
    package static let alignment = 512

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        (0..<4).allSatisfy { head.byte(446 + 16 * $0) & 0x7F == 0 } && head.byte(450) != 0 && head.little(454) > 0
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        var rows: [String] = []
        var end = 1
        for index in 0..<4 {
            let place = 446 + 16 * index
            let (type, first, count) = (
                try content.little(place + 4, 1), try content.little(place + 8), try content.little(place + 12)
            )
            guard type != 0 else { continue }
            guard count > 0, first >= end, first + count <= max(content.size / 512, type == 0xEE ? .max : 0) else {
                return nil
            }
            end = first + count
            rows.append(
                "type \(Hexadecimal.text([UInt8(type)])): \(ByteCount.hex(first * 512)), \(ByteCount.hex(count * 512))")
        }
        guard !rows.isEmpty else { return nil }
        return Finding(
            name, at: content.start, size: 512, grade: .plausible, facts: [Fact("partitions", .texts(rows))])
    }
}
