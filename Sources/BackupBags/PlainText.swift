/// Foreign text, such as the names of partitions, made fit to be shown or stored.
package enum PlainText {
    /// The text as one line of printable ASCII: everything else as `\u{…}`, so that no name can move the cursor, end a
    /// line or turn the direction of writing.
    package static func line(_ text: String) -> String { escaped(text, also: "") }

    /// The text as it can stand between two backticks in a Markdown table.
    package static func code(_ text: String) -> String { escaped(text, also: "`|") }

    private static func escaped(_ text: String, also: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            if (0x20...0x7E).contains(scalar.value) && !also.unicodeScalars.contains(scalar) {
                line.unicodeScalars.append(scalar)
            } else {
                line += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return line
    }

    /// The name of a file for a partition, without directory: `mtd0-RedBoot.bin`.
    ///
    /// Only ASCII letters, digits, `.`, `-` and `_` are kept of the name, others become `_`, and no more than 64
    /// characters: a name comes from the board and can be anything. The number keeps names apart.
    package static func fileName(index: Int, name: String, withOOB: Bool = false) -> String {
        let kept = name.utf8.prefix(64).map { byte -> Character in
            let character = Character(UnicodeScalar(byte))
            let isSafe = byte < 0x80 && (character.isLetter || character.isNumber || "._-".contains(character))
            return isSafe ? character : "_"
        }
        return "mtd\(index)" + (kept.isEmpty ? "" : "-") + String(kept) + (withOOB ? ".oob" : "") + ".bin"
    }
}
