/// Frames commands for a Linux shell so that their replies can be distinguished from all other output. Pure.
///
/// A reply lies between two markers. `echo` prints each from a word that the command line contains with a gap
/// (`FKab''cdB7`), so that the terminal's echo of the command never looks like a marker. The word is random for each
/// session, so that nothing in a board's flash looks like one either.
package struct ShellDialect: Sendable {
    /// The two halves of a word of letters and digits.
    private let first: String
    private let second: String

    /// - Parameter nonce: 8 or more letters and digits, new for each session.
    package init(nonce: String) {
        let half = nonce.utf8.count / 2
        first = "FK" + nonce.prefix(half)
        second = String(nonce.dropFirst(half))
    }

    /// The session's word, as it appears in the board's output.
    package var word: String { first + second }

    /// The session's word, as it is typed.
    package var typedWord: String { "\(first)''\(second)" }

    /// A line that runs a command and marks its reply.
    ///
    /// - Parameters:
    ///   - command: shell text without a line end; it gets no standard input.
    ///   - mergesErrors: whether standard error becomes part of the reply; otherwise it is dropped.
    ///   - keepsInput: whether the command inherits the shell's standard input, for commands that act on the terminal.
    ///   - isDoubled: whether each marker is printed twice, for lines that damage bytes: a lost marker costs a long
    ///     wait.
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

    /// The marker before a reply.
    package func beginMarker(_ sequence: Int) -> [UInt8] { Array("\(word)B\(sequence):".utf8) }

    /// The marker after a reply; the exit status and a colon follow.
    package func endMarker(_ sequence: Int) -> [UInt8] { Array("\(word)E\(sequence):".utf8) }
}
