import FlashModel

/// The NVRAM of bcm63xx, in the boot block at 0x580 (Linux `include/linux/bcm963xx_nvram.h`): big-endian version, boot line,
/// board id, MAC address, CRC-32 without inversion at the end with its field as 0, over 300 bytes up to version 4 and 1024
/// from version 5 on, which also has the NAND's partitions. Proven by the CRC.
package enum BCM963xxNVRAM: ContentFormat {
    package static let name = "bcm63xx NVRAM"
    // The boot line of all known boards begins with the addresses.
    package static let signatures = [Signature("e=", at: 4)]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        (1...8).contains(head.big(0)) && head.count >= 300
            && head.dropFirst(260).prefix(16).prefix { $0 != 0 }.isPrintable && head.byte(260) != 0
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let version = try content.big(0)
        let (size, field) = version <= 4 ? (300, 296) : (1024, 1020)
        var bytes = Array(try content.bytes(at: 0, count: size))
        let stored = bytes[...].big(field)
        bytes.replaceSubrange(field..<(field + 4), with: [0, 0, 0, 0])
        guard Int(VendorChecksums.jam(bytes)) == stored else { return nil }
        var partitions: [FoundPartition] = []
        if version >= 5 {
            for (index, name) in ["boot", "image 1", "image 2", "data", "bad block table"].enumerated() {
                let (offset, length) = (bytes[...].big(592 + 4 * index), bytes[...].big(612 + 4 * index))
                guard length > 0, let offset = offset.times(1024), let length = length.times(1024) else { continue }
                partitions.append(FoundPartition(name: name, offset: offset, size: length))
            }
        }
        return Finding(
            name, at: content.start, size: size, grade: .proven,
            facts: [
                Fact("version", .number(version)), .text("boot line", try content.text(at: 4, count: 256)),
                .text("board id", try content.text(at: 260, count: 16)),
                Fact("MAC address", .text(MACText.text(bytes[288..<294]))),
                Fact("MAC addresses", .number(bytes[...].big(284))), .texts("partitions", partitions.map(\.text)),
            ], isOpaque: true, table: partitions.isEmpty ? nil : FoundTable(.bytes, partitions))
    }
}

/// A MAC address in its usual form.
enum MACText {
    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { Hexadecimal.text([$0]) }.joined(separator: ":")
    }

    /// Whether it can be a station's own: unicast, and neither all 0 nor all 0xFF.
    static func isPlausible(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count == 6 && bytes.byte(0) & 1 == 0 && !bytes.allSatisfy { $0 == 0 } && !bytes.allSatisfy { $0 == 0xFF }
    }
}
