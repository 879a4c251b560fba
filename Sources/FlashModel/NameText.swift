/// Partition names as text. The kernel and bootloaders accept any bytes as a name; JSON and Swift require Unicode.
package enum NameText {
    /// Decodes a name: UTF-8 is returned unchanged; otherwise each invalid byte is written as `\xNN`.
    ///
    /// Different names stay different: if a name is escaped, or already looks escaped, each backslash is doubled.
    package static func text(_ bytes: some Collection<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self), !looksEscaped(text) { return text }
        var result = ""
        var rest = Array(bytes)[...]
        while let first = rest.first {
            // The longest UTF-8 character has 4 bytes (RFC 3629 section 3).
            let character = (1...4).lazy.compactMap { count in
                rest.count >= count ? String(validating: rest.prefix(count), as: UTF8.self) : nil
            }.first
            guard let character else {
                let digits = String(first, radix: 16)
                result += "\\x" + (digits.count < 2 ? "0" : "") + digits
                rest = rest.dropFirst()
                continue
            }
            result += character == "\\" ? "\\\\" : character
            rest = rest.dropFirst(character.utf8.count)
        }
        return result
    }

    /// Whether the text contains a `\xNN`.
    private static func looksEscaped(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        func isDigit(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
        }
        return bytes.indices.contains { start in
            bytes.count - start >= 4 && bytes[start] == 0x5C && bytes[start + 1] == 0x78
                && isDigit(bytes[start + 2]) && isDigit(bytes[start + 3])
        }
    }
}
