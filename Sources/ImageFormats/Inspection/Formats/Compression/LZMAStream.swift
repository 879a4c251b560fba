/// The LZMA_Alone format (LZMA SDK, `lzma.txt`): a byte of settings, the dictionary size and the unpacked size, little
/// endian, then the range coder's stream, whose first byte is 0. It has neither magic number nor checksum.
///
/// Only the settings that firmware uses are searched: lc 3, lp 0, pb 2 (`5D`), which all tools use by default, OpenWrt's
/// `6D` and `6E`, and `5E`, `66`. Dictionaries are 2^n or 2^n + 2^(n-1). Proven by decoding it whole to the size that it
/// states or to its end mark; plausible if at least 32 KiB came out, because noise decodes for a while.
package enum LZMAStream: ContentFormat {
    package static let name = "LZMA"
    package static let signatures = ([0x5D, 0x6D, 0x6E, 0x5E, 0x66] as [UInt8]).map {
        Signature([$0, 0, 0], mask: [0xFF, 0xFF, 0x0F])
    }
    private static let headerSize = 13
    private static let largest = 512 << 20

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        guard head.count >= 32, head.byte(13) == 0 else { return false }
        let dictionary = head.little(1)
        guard (1 << 12...1 << 28).contains(dictionary) else { return false }
        // One bit, or two neighbours.
        let low = dictionary & -dictionary
        guard dictionary == low || dictionary == low * 3 else { return false }
        let size = head.dropFirst(5).prefix(8)
        if size.allSatisfy({ $0 == 0xFF }) { return true }
        return size.suffix(4).allSatisfy { $0 == 0 } && (512...largest).contains(head.little(5))
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        guard let finding = try CompressedStream.finding(name, .lzma, &content, part: "content"),
            case .size(let unpacked) = finding.fact("unpacked size") ?? .size(.max)
        else { return nil }
        // Noise packs nothing.
        guard let size = finding.size, unpacked > size, unpacked >= 512 else { return nil }
        return finding.adding([Fact("dictionary size", .size(try content.little(1)))])
    }
}
