import FlashModel

/// SEAMA, of D-Link and others (OpenWrt firmware-utils `seama.c`): big-endian magic 0x5EA3A417, the size of texts, the size
/// of the image; with an image, its MD5; the texts; the image. A "seal" has no image but others behind it. Proven by the
/// MD5.
package enum SEAMA: ContentFormat {
    package static let name = "SEAMA"
    package static let signatures = [Signature([0x5E, 0xA3, 0xA4, 0x17, 0x00, 0x00])]
    package static let alignment = 4

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let (meta, size) = (try content.big(6, 2), try content.big(8))
        let start = size > 0 ? 28 : 12
        guard meta <= 4096, let end = (start + meta).plus(size), end <= content.size else { return nil }
        let texts = try content.bytes(at: start, count: meta).split(separator: 0).map { NameText.text($0) }
        guard !texts.isEmpty, texts.allSatisfy({ $0.contains("=") }) else { return nil }
        let facts = [Fact("entries", .texts(texts))]
        guard size > 0 else {
            return Finding(
                name, at: content.start, size: end, grade: .plausible, facts: facts + [Fact("kind", .text("seal"))])
        }
        let stored = Hexadecimal.text(try content.bytes(at: 12, count: 16))
        return .checked(
            name, at: content.start, size: end,
            holds: try content.digest(.md5, (start + meta)..<end).map { $0 == stored }, facts: facts)
    }
}
