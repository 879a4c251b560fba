package import FlashAccess

/// A question that a command is expected to ask, word for word. It is answered only if it says what was meant.
package struct LoaderQuestion: Sendable, Hashable {
    /// All lines that the command prints up to the question, without empty ones and without blanks at their ends.
    package let lines: [String]
    /// The answer, before Enter.
    package let answer: String

    package init(lines: [String], answer: String) {
        self.lines = lines
        self.answer = answer
    }

    /// Whether a reply is this question and nothing else.
    package func isAsked(in reply: ConsoleReply) -> Bool {
        reply.lines.map(\.trimmed).filter { !$0.isEmpty }.map { $0.string() } == lines
    }
}
