import FlashModel

/// Turns the argument parser's complaints into the words and form of all other errors. Pure.
enum UsageError {
    /// - Parameters:
    ///   - message: the parser's message, without usage and help.
    ///   - arguments: the whole command line.
    static func error(message: String, arguments: [String]) -> FlashkeepError {
        let hint = CommandLineHint.line(for: arguments)
        let first = arguments.first { !$0.hasPrefix("-") }
        if hint == nil, let first, !Verbs.names.contains(first) {
            let suggestion = Suggestion.nearest(to: first, of: Verbs.names)
            return FlashkeepError(
                .usage, what: "\"\(SafeText.line(first))\" is not a flashkeep command.",
                why: "The commands are \(Verbs.names.joined(separator: ", ")).",
                next: suggestion.map { "Did you mean \($0)?" } ?? "flashkeep --help explains them.")
        }
        let help = first.map { "flashkeep \($0) --help" } ?? "flashkeep --help"
        // The parser appends its own suggestion to its sentence.
        let parts = message.split(separator: "\n").map { SafeText.line(String($0)) }
        var why = parts.joined(separator: " ")
        var next = hint.map { "Write: \($0)" } ?? "\(help) shows examples and all options."
        if hint == nil, let start = why.firstRange(of: " Did you mean ") {
            next = "Did you mean " + why[start.upperBound...].replacing("'", with: "") + " (\(help) shows all options.)"
            why = String(why[..<start.lowerBound])
        }
        return FlashkeepError(
            .usage, what: "The command line is invalid.", why: why.replacing("'", with: "\""), next: next)
    }
}
