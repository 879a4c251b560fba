import FlashModel

/// Xiaomi's HDR1 (OpenWrt firmware-utils `xiaomifw.c`): little-endian, CRC-32 without inversion at the end over all from
/// byte 12, up to eight blobs, each with a flash offset, size and name. The extent is the end of the last blob or of the
/// signature; proven by the CRC over that.
package enum XiaomiHDR1: ContentFormat {
    package static let name = "Xiaomi HDR1"
    package static let signatures = [Signature("HDR1")]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        (48...4096).contains(head.little(16)) && head.little(4) < 1 << 30
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        var end = 48
        var names: [String] = []
        for index in 0..<8 {
            let place = try content.little(16 + 4 * index)
            guard place > 0 else { break }
            guard place >= 48, place + 48 <= content.size, try content.little(place) == 0xBABE else { return nil }
            guard let last = (place + 48).plus(try content.little(place + 8)), last <= content.size else { return nil }
            end = max(end, last)
            names.append(try content.text(at: place + 16, count: 32) ?? "")
        }
        guard !names.isEmpty else { return nil }
        let signature = try content.little(4)
        let sum = try content.little(8)
        // A signature of 16 + size bytes may follow.
        var ends = [end, end.roundedUp(to: 4) ?? end]
        if signature >= end, signature + 16 <= content.size,
            let last = (signature + 16).plus(try content.little(signature))
        {
            ends.append(last)
        }
        for last in ends where last <= content.size {
            guard let computed = try content.crc32(12..<last) else { break }
            if Int(~computed) == sum {
                return Finding(
                    name, at: content.start, size: last, grade: .proven, facts: [Fact("blobs", .texts(names))])
            }
        }
        return Finding(
            name, at: content.start, size: end, grade: .plausible, facts: [Fact("blobs", .texts(names))],
            notes: ["its checksum does not hold"])
    }
}
