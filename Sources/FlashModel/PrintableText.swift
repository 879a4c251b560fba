/// Makes text from a board safe to display: partition names are arbitrary, and a terminal obeys control sequences.
package enum PrintableText {
    /// Escapes everything that is not plainly visible (`\x1b`, `\u{202e}`), and truncates the text.
    ///
    /// Control characters, line and paragraph separators, and characters that change the writing direction or have no
    /// shape of their own are escaped; so is the backslash, so that nothing can imitate an escape.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - limit: the maximum number of characters in the result; omitted text is shown as `...`.
    ///   - asciiOnly: whether everything beyond ASCII is escaped too.
    package static func escaped(_ text: String, limit: Int = 200, asciiOnly: Bool = false) -> String {
        var result = ""
        var length = 0
        for scalar in text.unicodeScalars {
            let piece = escape(scalar, asciiOnly: asciiOnly)
            let pieceLength = piece?.count ?? 1
            if length + pieceLength > limit {
                return shortened(result, to: limit)
            }
            if let piece {
                result += piece
            } else {
                result.unicodeScalars.append(scalar)
            }
            length += pieceLength
        }
        return result
    }

    /// The same for text that may already be escaped: its backslashes are kept as they are.
    package static func again(_ text: String, asciiOnly: Bool = false) -> String {
        text.split(separator: "\\", omittingEmptySubsequences: false)
            .map { escaped(String($0), limit: .max, asciiOnly: asciiOnly) }.joined(separator: "\\")
    }

    /// A partition as shown on a terminal: `mtd3 "rootfs"`.
    ///
    /// - Parameter label: ``Partition/label``.
    package static func partition(_ label: String, _ name: String) -> String {
        "\(label) \"\(escaped(name, limit: 40))\""
    }

    /// The escape of a character that must not be shown as it is; nil for one that may.
    private static func escape(_ scalar: Unicode.Scalar, asciiOnly: Bool) -> String? {
        switch scalar {
        case "\\": return "\\\\"
        case " "..."~": return nil
        default: break
        }
        if scalar.value < 0x100, asciiOnly || scalar.value < 0xA0 {
            let digits = String(scalar.value, radix: 16)
            return "\\x" + (digits.count < 2 ? "0" + digits : digits)
        }
        let isShown =
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .otherLetter, .decimalNumber, .letterNumber,
                .otherNumber, .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
                .initialPunctuation, .finalPunctuation, .otherPunctuation, .mathSymbol, .currencySymbol,
                .modifierSymbol, .otherSymbol:
                true
            default: false
            }
        return isShown && !asciiOnly ? nil : "\\u{\(String(scalar.value, radix: 16))}"
    }

    private static func shortened(_ text: String, to limit: Int) -> String {
        guard limit > 3 else { return String(repeating: ".", count: max(0, limit)) }
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(limit - 3) {
            kept.append(scalar)
        }
        return String(kept) + "..."
    }
}
