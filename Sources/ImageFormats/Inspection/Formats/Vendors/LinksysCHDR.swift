/// Linksys' CHDR (OpenWrt firmware-utils `linksys-addfwhdr.c`): little-endian, length with the header of 16 bytes, CRC-32
/// without inversion at the end from byte 12. Proven by that.
package enum LinksysCHDR: ContentFormat {
    package static let name = "Linksys CHDR"
    package static let signatures = [Signature("CHDR")]

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let (length, sum) = (try content.little(4), try content.little(8))
        guard length > 16, length <= content.size, let computed = try content.crc32(12..<length),
            Int(~computed) == sum
        else { return nil }
        return Finding(name, at: content.start, size: length, grade: .proven)
    }
}
