internal import FlashAccess

/// The tags of a page, in order, with their attributes. Pure.
///
/// It reads any bytes as a browser would in the main: attributes with either quote or none, in any case; comments,
/// scripts and styles have no tags in them.
struct HTMLTags: Sequence, IteratorProtocol {
    struct Tag {
        /// In lower case, without a slash: `a`, `option`.
        var name: String
        /// By name, in lower case; the first of equal names.
        var attributes: [String: String]
    }

    /// The most attributes of a tag, and bytes of a value.
    private static let (attributeLimit, valueLimit) = (64, 8_192)

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func next() -> Tag? {
        while let start = bytes[position...].firstIndex(of: UInt8(ascii: "<")) {
            position = start + 1
            if bytes[position...].starts(with: "!--".utf8) {
                skip(past: "-->")
                continue
            }
            guard let tag = tag() else { continue }
            // What stands in these is not HTML.
            if tag.name == "script" || tag.name == "style" { skip(past: "</\(tag.name)") }
            return tag
        }
        position = bytes.count
        return nil
    }

    /// Goes on behind the next occurrence of a text, in any case; to the end if there is none.
    private mutating func skip(past text: String) {
        let wanted = Array(text.utf8)
        while position + wanted.count <= bytes.count {
            if zip(bytes[position...], wanted).allSatisfy({ Self.lower($0) == $1 }) {
                position += wanted.count
                return
            }
            position += 1
        }
        position = bytes.count
    }

    private mutating func tag() -> Tag? {
        guard let first = current, Self.isLetter(first) else { return nil }
        let name = word { Self.isLetter($0) || (0x30...0x39).contains($0) }
        var attributes: [String: String] = [:]
        while attributes.count < Self.attributeLimit {
            skipBlanks { ByteText.isBlank($0) || $0 == UInt8(ascii: "/") }
            guard let byte = current else { break }
            if byte == UInt8(ascii: ">") {
                position += 1
                break
            }
            let key = word { !ByteText.isBlank($0) && ![0x3D, 0x3E, 0x2F].contains($0) }
            skipBlanks(ByteText.isBlank)
            var value = ""
            if current == UInt8(ascii: "=") {
                position += 1
                skipBlanks(ByteText.isBlank)
                value = attributeValue()
            } else if key.isEmpty {
                position += 1
            }
            if !key.isEmpty, attributes[key] == nil { attributes[key] = value }
        }
        return Tag(name: name, attributes: attributes)
    }

    private mutating func skipBlanks(_ isBlank: (UInt8) -> Bool) {
        while let byte = current, isBlank(byte) { position += 1 }
    }

    /// Takes bytes as text in lower case.
    private mutating func word(_ belongs: (UInt8) -> Bool) -> String {
        let start = position
        while let byte = current, belongs(byte) { position += 1 }
        return String(decoding: bytes[start..<Swift.min(position, start + 64)].map(Self.lower), as: UTF8.self)
    }

    private mutating func attributeValue() -> String {
        let value: ArraySlice<UInt8>
        if let quote = current, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            position += 1
            let end = bytes[position...].firstIndex(of: quote) ?? bytes.count
            value = bytes[position..<end]
            position = Swift.min(end + 1, bytes.count)
        } else {
            let start = position
            while let byte = current, !ByteText.isBlank(byte), byte != UInt8(ascii: ">") { position += 1 }
            value = bytes[start..<position]
        }
        return HTMLText.decoded(value.prefix(Self.valueLimit))
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 0x20 : byte }
}

/// Character references in HTML, and what looks like HTML. Pure.
enum HTMLText {
    private static let names: [String: String] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ",
    ]

    /// Decodes the references that servers write into links; others stay as they are.
    static func decoded(_ bytes: some Collection<UInt8>) -> String {
        let parts = Array(bytes).split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        var result = parts.first.map { Array($0) } ?? []
        for part in parts.dropFirst() {
            if let end = part.firstIndex(of: UInt8(ascii: ";")), end - part.startIndex <= 10,
                let text = reference(part[..<end])
            {
                result += text.utf8
                result += part[(end + 1)...]
            } else {
                result.append(UInt8(ascii: "&"))
                result += part
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func reference(_ bytes: ArraySlice<UInt8>) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix("#") else { return names[text] }
        let digits = text.dropFirst()
        let value = digits.lowercased().hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return value.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
    }

    /// Whether bytes are the beginning of a page rather than of a dump.
    static func looksLikePage(_ bytes: [UInt8]) -> Bool {
        var text = ByteText(bytes.prefix(1_024))
        _ = text.take("\u{FEFF}")
        let start = ByteText(text.trimmed.bytes.prefix(16)).lowercased
        return ["<!doctype html", "<html", "<head", "<body", "<script", "<meta", "<title", "<!--"].contains {
            start.hasPrefix($0)
        }
    }

    /// Whether bytes are text: without control characters other than blanks.
    static func looksLikeText(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || ByteText.isBlank($0) }
    }
}
