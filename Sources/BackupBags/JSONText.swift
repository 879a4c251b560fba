import FlashModel

#if canImport(FoundationEssentials)
    private import FoundationEssentials
#else
    private import Foundation
#endif

/// Reads and writes JSON; the only place that uses the coder.
package enum JSONText {
    /// Encodes with sorted keys and unescaped slashes; `pretty` ends with a line feed, otherwise it is one line without
    /// one. Characters that control a terminal or the writing direction are escaped (RFC 8259 section 7): a name from a
    /// board or a file cannot disguise what a person reads.
    package static func bytes(of value: some Encodable, pretty: Bool) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return try escapingControls(Array(encoder.encode(value))) + (pretty ? [UInt8(ascii: "\n")] : [])
    }

    /// Escapes control and format characters above ASCII, and DEL; the encoder has escaped the others. They occur only
    /// in strings.
    private static func escapingControls(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(where: { $0 >= 0x7F }) else { return bytes }
        var result = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control where scalar.value >= 0x7F, .format, .lineSeparator, .paragraphSeparator:
                for unit in String(scalar).utf16 {
                    let digits = Hexadecimal.text([UInt8(unit >> 8), UInt8(unit & 0xFF)])
                    result += "\\u\(digits)".unicodeScalars
                }
            default: result.append(scalar)
            }
        }
        return Array(String(result).utf8)
    }

    /// Decodes a value.
    package static func value<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    /// Why a value could not be decoded, on one line, with its position in the document.
    package static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "it is not valid" }
        let (text, path): (String, [any CodingKey]) =
            switch error {
            case .keyNotFound(let key, let context): ("\(key.stringValue) is missing", context.codingPath)
            case .valueNotFound(_, let context): ("a value is missing", context.codingPath)
            case .typeMismatch(_, let context): ("a value has the wrong type", context.codingPath)
            case .dataCorrupted(let context): ("a value is not valid", context.codingPath)
            @unknown default: ("it is not valid", [])
            }
        let place = path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return PlainText.line(place.isEmpty ? text : "\(text) at \(place)")
    }
}
