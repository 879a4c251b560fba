import FlashModel

#if canImport(FoundationEssentials)
    private import FoundationEssentials
#else
    private import Foundation
#endif

/// Reads and writes JSON; the only place that uses the coder.
package enum JSONText {
    /// Encodes with sorted keys and unescaped slashes; `pretty` ends with a line feed, otherwise it is one line without
    /// one.
    package static func bytes(of value: some Encodable, pretty: Bool) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return try Array(encoder.encode(value)) + (pretty ? [UInt8(ascii: "\n")] : [])
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
