import FlashModel

/// Text of any origin on its way to a terminal. Pure.
enum SafeText {
    /// One line without anything that a terminal would obey.
    ///
    /// What was made printable before stays as it is: a backslash is not written out again.
    static func line(_ text: String, limit: Int = 600) -> String {
        let safe = PrintableText.again(text)
        return safe.count <= limit ? safe : String(safe.prefix(limit - 3)) + "..."
    }

    /// A line as a sentence: with a capital letter, and a full stop where it ends with a word.
    static func sentence(_ text: String) -> String {
        let line = capitalized(line(text))
        guard let last = line.last, last.isLetter || last.isNumber || "\"')]".contains(last) else { return line }
        return line + "."
    }

    /// What to do next: as a sentence, but no full stop behind what looks like a command.
    static func advice(_ text: String) -> String {
        let line = capitalized(line(text))
        guard let word = line.split(separator: " ").last, word.count > 1,
            word.allSatisfy({ $0.isASCII && $0.isLowercase })
        else { return line }
        return line + "."
    }

    /// With a capital letter, unless it begins with a name: `mtd3`, `root@board`, `flashkeep.json`.
    static func capitalized(_ text: String) -> String {
        guard let word = text.split(separator: " ").first, let first = word.first, first.isLowercase, first.isASCII,
            word.allSatisfy({ $0.isLetter || ",'-;?!".contains($0) }), !programs.contains(String(word))
        else { return text }
        return first.uppercased() + text.dropFirst()
    }

    private static let programs = ["flashkeep", "ssh", "ssh-keygen", "sudo"]
}
