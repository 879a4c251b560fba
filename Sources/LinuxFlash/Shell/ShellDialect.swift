/// How a command is said to a Linux shell so that its reply can be told from everything else. Pure.
///
/// A reply stands between two markers. Each is printed by `echo`, from a word that the command line writes with a gap
/// (`FKab''cdB7`), so that the terminal's echo of the command never looks like it, and it holds a number that was made
/// up for this session, so that nothing that a board has in its flash looks like it either.
package struct ShellDialect: Sendable {
    /// Two halves of a word of letters and digits.
    private let first: String
    private let second: String

    /// - Parameter nonce: 8 or more letters and digits, made up anew for each session.
    package init(nonce: String) {
        let half = nonce.utf8.count / 2
        first = "FK" + nonce.prefix(half)
        second = String(nonce.dropFirst(half))
    }

    /// The session's word, as it appears in what the board sends.
    package var word: String { first + second }

    /// The session's word, as it is typed.
    package var typedWord: String { "\(first)''\(second)" }

    /// A line that runs a command and marks its reply.
    ///
    /// - Parameters:
    ///   - command: shell text without a line end; it gets no standard input.
    ///   - mergesErrors: whether what it writes to standard error is part of the reply; else it is dropped.
    ///   - keepsInput: whether it keeps the shell's standard input, for commands that are about the terminal.
    ///   - isDoubled: whether each marker comes twice, for lines that damage bytes: one that is lost costs a long wait.
    package func line(
        _ command: String, sequence: Int, mergesErrors: Bool = false, keepsInput: Bool = false, isDoubled: Bool = false
    ) -> String {
        let errors = mergesErrors ? "2>&1" : "2>/dev/null"
        let input = keepsInput ? "" : "</dev/null "
        let begin = "echo \(typedWord)B\(sequence):;"
        guard isDoubled else {
            return "\(begin){ \(command);} \(input)\(errors);echo \(typedWord)E\(sequence):$?:\n"
        }
        let end = ";echo \(typedWord)E\(sequence):$FKS:"
        return "\(begin)\(begin){ \(command);} \(input)\(errors);FKS=$?\(end)\(end)\n"
    }

    /// What begins a reply.
    package func beginMarker(_ sequence: Int) -> [UInt8] { Array("\(word)B\(sequence):".utf8) }

    /// What ends a reply; the exit status and a colon follow.
    package func endMarker(_ sequence: Int) -> [UInt8] { Array("\(word)E\(sequence):".utf8) }

    /// A word as a shell takes it, whatever it holds.
    package static func quote(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
