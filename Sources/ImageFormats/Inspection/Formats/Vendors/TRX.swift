import FlashModel

/// TRX, the container of Broadcom's bcm47xx and bcm53xx (OpenWrt firmware-utils `trx.c`, `otrx.c`): `HDR0`, length with
/// the header, CRC-32 without inversion at the end over all from byte 12, version, up to four offsets of parts.
///
/// Little-endian. Buffalo uses other magic numbers with the same header (OpenWrt `brcm,trx-magic`). OpenWrt shrinks the
/// length to the kernel on flash, so that the root file system follows. Proven by the CRC.
package enum TRX: ContentFormat {
    package static let name = "TRX"
    package static let signatures = ["HDR0", "DHP2", "DHP3", "PHL2", "\\cot"].map { Signature($0) }

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        let (length, version) = (head.little(4), head.little(14, 2))
        return (1...2).contains(version) && length >= 28 && parts(head, version).allSatisfy { $0 < length }
    }

    private static func parts(_ head: ArraySlice<UInt8>, _ version: Int) -> [Int] {
        (0..<(version == 2 ? 4 : 3)).map { head.little(16 + 4 * $0) }
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let head = try content.bytes(at: 0, count: 32)
        let (length, version) = (head.little(4), head.little(14, 2))
        let parts = parts(head, version).filter { $0 > 0 }
        guard parts == parts.sorted(), parts.allSatisfy({ $0 >= 28 }), !parts.isEmpty else { return nil }
        guard length <= content.size else {
            return Finding(name, at: content.start, size: nil, grade: .hint, notes: ["the image ends before it does"])
        }
        let sum = try content.crc32(12..<length).map { ~$0 == UInt32(truncatingIfNeeded: head.little(8)) }
        return .checked(
            name, at: content.start, size: length, holds: sum,
            facts: [
                Fact("version", .number(version)), Fact("parts at", .texts(parts.map { ByteCount.hex($0) })),
                head.has("HDR0") ? nil : .text("variant", try content.text(at: 0, count: 4)),
            ])
    }
}
