import ImageFormats

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension InspectReport {
    /// A fact: its name, the kind of its value, and the value.
    package struct FactItem: Sendable, Codable, Hashable {
        package enum Kind: String, Sendable, Codable, CaseIterable {
            case text, texts, number, size, address, date, flag
        }

        /// A value as JSON has it.
        package enum Value: Sendable, Hashable {
            case text(String)
            case texts([String])
            case number(Int)
            case flag(Bool)
        }

        package var name: String
        package var kind: Kind
        package var value: Value

        private enum CodingKeys: String, CodingKey {
            case name, kind, value
        }

        init(_ fact: Fact) {
            name = fact.name
            switch fact.value {
            case .text(let text): (kind, value) = (.text, .text(text))
            case .texts(let texts): (kind, value) = (.texts, .texts(texts))
            case .number(let number): (kind, value) = (.number, .number(number))
            case .size(let bytes): (kind, value) = (.size, .number(bytes))
            case .address(let address): (kind, value) = (.address, .text("0x" + String(address, radix: 16)))
            case .date(let seconds): (kind, value) = (.date, .text(Self.date(seconds)))
            case .flag(let flag): (kind, value) = (.flag, .flag(flag))
            }
        }

        /// The last second of the year 9999, the last one that ISO 8601 writes without agreement.
        private static let lastSecond: Int64 = 253_402_300_799

        private static func date(_ seconds: Int64) -> String {
            guard (0...lastSecond).contains(seconds) else { return "\(seconds) seconds since 1970" }
            return Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decode(String.self, forKey: .name)
            kind = try container.decode(Kind.self, forKey: .kind)
            value =
                switch kind {
                case .text, .address, .date: .text(try container.decode(String.self, forKey: .value))
                case .texts: .texts(try container.decode([String].self, forKey: .value))
                case .number, .size: .number(try container.decode(Int.self, forKey: .value))
                case .flag: .flag(try container.decode(Bool.self, forKey: .value))
                }
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try container.encode(kind, forKey: .kind)
            switch value {
            case .text(let text): try container.encode(text, forKey: .value)
            case .texts(let texts): try container.encode(texts, forKey: .value)
            case .number(let number): try container.encode(number, forKey: .value)
            case .flag(let flag): try container.encode(flag, forKey: .value)
            }
        }
    }
}
