/// Keys and certificates as text (RFC 7468): `-----BEGIN …-----`, base64 lines, the matching END. A BEGIN alone occurs in
/// each TLS library, so the END and a body of base64 are required: plausible. The contents are not shown.
package enum PEMText: ContentFormat {
    package static let name = "PEM"
    package static let signatures = [Signature("-----BEGIN ")]
    private static let longest = 32 << 10

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let bytes = try content.bytes(at: 0, count: min(longest, content.size))
        let text = String(
            decoding: bytes.prefix { $0 == 9 || $0 == 10 || $0 == 13 || (0x20...0x7E).contains($0) }, as: UTF8.self)
        let label = String(
            text.dropFirst("-----BEGIN ".count).prefix(40).prefix { $0.isUppercase || $0 == " " || $0.isNumber })
        guard label.count >= 3, text.dropFirst(11 + label.count).hasPrefix("-----"),
            let end = text.range(ofText: "-----END \(label)-----")
        else { return nil }
        let body = text.dropFirst(16 + label.count).prefix(max(0, end.lowerBound - 16 - label.count))
        // Lines with a colon are headers of encrypted keys.
        let lines = body.split(whereSeparator: \.isNewline).filter { !$0.contains(":") }
        let digits = lines.joined().filter { !$0.isWhitespace }
        guard digits.count >= 56,
            digits.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+/=".contains($0)) })
        else { return nil }
        return Finding(
            name, at: content.start, size: end.upperBound, grade: .plausible,
            facts: [Fact("kind", .text(label)), Fact("secret", .flag(label.hasSuffix("PRIVATE KEY")))], isOpaque: true)
    }
}

extension String {
    /// The first place of another text, counted in characters; nil if it does not occur.
    fileprivate func range(ofText other: String) -> Range<Int>? {
        let (bytes, wanted) = (Array(utf8), Array(other.utf8))
        guard bytes.count >= wanted.count else { return nil }
        let start = (0...(bytes.count - wanted.count)).first { bytes[$0...].starts(with: wanted) }
        return start.map { $0..<($0 + wanted.count) }
    }
}
