/// A bootloader that is recognised, so that it can be named, but through which no board can be opened yet.
package struct ForeignBootloader: DialectRecognizer {
    package let name: String
    /// What a line of its start begins with or contains.
    private let starts: [String]
    private let words: [String]
    /// What its complaint about an unknown command contains, in lower case.
    private let complaints: [String]
    private var line: [UInt8] = []

    package var isBootloader: Bool { true }
    package var isSupported: Bool { false }

    private init(_ name: String, starts: [String], words: [String] = [], complaints: [String] = []) {
        self.name = name
        self.starts = starts
        self.words = words
        self.complaints = complaints
    }

    /// All that are recognised.
    package static let all: [ForeignBootloader] = [
        ForeignBootloader("Breed", starts: ["Breed"], words: ["Boot and Recovery Environment"])
    ]

    /// Bytes of a line that are looked at.
    private static let limit = 1_024

    package mutating func take(_ bytes: [UInt8]) -> [DialectSign] {
        var signs: [DialectSign] = []
        for byte in bytes {
            guard byte != 0x0A, byte != 0x0D else {
                if isOurs(line) { signs.append(.answers) }
                line = []
                continue
            }
            if line.count < Self.limit { line.append(byte) }
        }
        return signs
    }

    private func isOurs(_ line: [UInt8]) -> Bool {
        let text = String(decoding: line.drop { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
        return starts.contains { text.hasPrefix($0) } || words.contains { text.contains($0) }
    }

    package func judge(_ reply: [UInt8], at candidate: [UInt8]) -> DialectVerdict {
        let text = String(decoding: reply, as: UTF8.self).lowercased()
        return complaints.contains { text.contains($0) } ? .answers : .no
    }
}
