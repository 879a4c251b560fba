/// Keeps secrets out of what is recorded or shown. Pure.
package enum SecretBlanking {
    /// The shortest secret that is searched for, in bytes: a shorter one would blank half of all texts.
    package static let shortest = 4
    private static let blank = Array("***".utf8)

    /// The same text with `***` for each secret. Takes time in proportion to the text, however often a board repeats one.
    package static func blanked(_ bytes: [UInt8], _ secrets: [[UInt8]]) -> [UInt8] {
        secrets.reduce(bytes) { blanked($0, $1) }
    }

    private static func blanked(_ bytes: [UInt8], _ secret: [UInt8]) -> [UInt8] {
        guard secret.count >= shortest else { return bytes }
        var result: [UInt8] = []
        var rest = bytes[...]
        while let range = rest.firstRange(of: secret) {
            result += rest[..<range.lowerBound] + blank
            rest = rest[range.upperBound...]
        }
        return result.isEmpty ? bytes : result + rest
    }
}
