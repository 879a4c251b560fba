/// SerComm's header (OpenWrt firmware-utils `mksercommfw.c`): `sErCoMm` at 0 and 63 of 512 bytes. The byte sum of the whole
/// file is 0, but a header does not say how long that is: plausible, and only the header is claimed.
package enum SerCommHeader: ContentFormat {
    package static let name = "SerComm header"
    package static let signatures = [Signature("sErCoMm")]

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        guard try content.has("sErCoMm", at: 63) else { return nil }
        return Finding(
            name, at: content.start, size: min(512, content.size), grade: .plausible,
            facts: [
                .text("hardware id", try content.text(at: 11, count: 34)),
                .text("hardware version", try content.text(at: 45, count: 10)),
            ])
    }
}
