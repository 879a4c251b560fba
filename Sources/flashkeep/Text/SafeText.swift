import FlashModel

/// Makes text of any origin safe for a terminal. Pure.
enum SafeText {
    /// One line without terminal control sequences.
    ///
    /// Text that is already escaped is kept: a backslash is not escaped again.
    static func line(_ text: String, limit: Int = 600) -> String {
        let safe = PrintableText.again(text)
        return safe.count <= limit ? safe : String(safe.prefix(limit - 3)) + "..."
    }

    /// Formats a line as a sentence: with a capital letter, and a full stop if it ends with a word.
    static func sentence(_ text: String) -> String {
        let line = capitalized(line(text))
        guard let last = line.last, last.isLetter || last.isNumber || "\"')]".contains(last) else { return line }
        return line + "."
    }

    /// Formats the next step as a sentence, but without a full stop after what looks like a command.
    static func advice(_ text: String) -> String {
        let line = capitalized(line(text))
        guard let word = line.split(separator: " ").last, word.count > 1,
            word.allSatisfy({ $0.isASCII && $0.isLowercase })
        else { return line }
        return line + "."
    }

    /// Capitalises the text, unless it begins with a name: `mtd3`, `root@board`, `flashkeep.json`.
    static func capitalized(_ text: String) -> String {
        guard let word = text.split(separator: " ").first, let first = word.first, first.isLowercase, first.isASCII,
            word.allSatisfy({ $0.isLetter || ",'-;?!".contains($0) }), !programs.contains(String(word))
        else { return text }
        return first.uppercased() + text.dropFirst()
    }

    private static let programs = ["flashkeep", "ssh", "ssh-keygen", "sudo"]
}
