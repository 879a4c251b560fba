import FlashModel

#if canImport(FoundationEssentials)
    private import FoundationEssentials
#else
    private import Foundation
#endif

/// JSON as it is written and read here; the only place that knows the coder.
package enum JSONText {
    /// Keys sorted, slashes as they are; `pretty` ends with a line feed, else it is one line without one.
    package static func bytes(of value: some Encodable, pretty: Bool) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return try Array(encoder.encode(value)) + (pretty ? [UInt8(ascii: "\n")] : [])
    }

    /// Reads a value.
    package static func value<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    /// Why a value could not be read, on one line, with the place in the document.
    package static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "it is not understood" }
        let (text, path): (String, [any CodingKey]) =
            switch error {
            case .keyNotFound(let key, let context): ("\(key.stringValue) is missing", context.codingPath)
            case .valueNotFound(_, let context): ("a value is missing", context.codingPath)
            case .typeMismatch(_, let context): ("a value is of the wrong kind", context.codingPath)
            case .dataCorrupted(let context): ("a value is not understood", context.codingPath)
            @unknown default: ("it is not understood", [])
            }
        let place = path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return PlainText.line(place.isEmpty ? text : "\(text) at \(place)")
    }
}
