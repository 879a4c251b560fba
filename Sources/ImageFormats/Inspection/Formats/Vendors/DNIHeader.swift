/// Netgear's DNI header (OpenWrt firmware-utils `mkdniimg.c`): 128 bytes of text, `device:`, `version:`, `region:` in lines. The
/// last byte of a file makes its byte sum 0xFF, but the header does not say where that is: plausible, and only the header is
/// claimed.
package enum DNIHeader: ContentFormat {
    package static let name = "Netgear DNI header"
    package static let signatures = [Signature("device:")]
    private static let size = 128

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let bytes = try content.bytes(at: 0, count: size).prefix { $0 != 0 }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard bytes.allSatisfy({ $0 == 10 || (0x20...0x7E).contains($0) }), lines.count >= 3 else { return nil }
        func value(_ name: String) -> String? {
            lines.first { $0.hasPrefix(name + ":") }.map { String($0.dropFirst(name.count + 1)) }
        }
        guard let version = value("version"), let device = value("device") else { return nil }
        return Finding(
            name, at: content.start, size: size, grade: .plausible,
            facts: [
                .text("device", device), .text("version", version), .text("region", value("region")),
                .text("hardware id", value("hd_id")),
            ])
    }
}
