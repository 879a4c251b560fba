package import FlashAccess

/// A question that a command is expected to ask, word for word. It is answered only if it says what was meant.
package struct LoaderQuestion: Sendable, Hashable {
    /// All lines that the command prints up to the question, without empty ones and with single blanks between words, in
    /// each form that a build may print.
    package let alternatives: [[String]]
    /// The answer, before Enter.
    package let answer: String

    package init(alternatives: [[String]], answer: String) {
        self.alternatives = alternatives
        self.answer = answer
    }

    /// Whether a reply is this question and nothing else.
    package func isAsked(in reply: ConsoleReply) -> Bool {
        let lines = reply.lines.map(\.words).filter { !$0.isEmpty }
            .map { words in words.map { $0.string() }.joined(separator: " ") }
        return alternatives.contains(lines)
    }
}
