/// Vendors' encrypted or signed firmware, of which only the magic can be shown: D-Link `SHRS`, `MH01`, `encrpted_img`,
/// MikroTik NPK (binwalk's signatures). What is inside cannot be read.
package enum EncryptedFirmware: ContentFormat {
    package static let name = "encrypted firmware"
    private static let kinds: [(bytes: [UInt8], kind: String)] = [
        (Array("SHRS".utf8), "D-Link SHRS"), (Array("MH01".utf8), "D-Link MH01"),
        (Array("encrpted_img".utf8), "D-Link encrpted_img"), (Array("LUKS".utf8) + [0xBA, 0xBE], "LUKS"),
        (Array("Salted__".utf8), "OpenSSL"),
    ]
    package static let signatures = kinds.map { Signature($0.bytes) }
    package static let alignment = 512

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        for (bytes, kind) in kinds where try content.has(bytes, at: 0) {
            return Finding(name, at: content.start, size: nil, grade: .hint, facts: [Fact("kind", .text(kind))])
        }
        return nil
    }
}
