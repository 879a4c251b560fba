import Synchronization
import SystemPackage

/// Standard error as a screen: messages, and below them at most one line that is drawn anew.
final class Screen: Sendable {
    private struct State {
        /// The live line as it stands on the screen; nil where there is none.
        var live: String?
        /// Whether somebody else has the terminal: a question for a password.
        var isLent = false
    }

    let terminal: Terminal
    private let state = Mutex(State())
    private let write: @Sendable (String) -> Void
    private let width: @Sendable () -> Int

    /// - Parameters:
    ///   - write: takes what goes to the terminal.
    ///   - width: columns, asked before each drawing.
    init(
        _ terminal: Terminal, width: @escaping @Sendable () -> Int = { Terminal.width(of: 2) ?? 80 },
        write: @escaping @Sendable (String) -> Void = { text in
            // Nobody is left to be told where this fails.
            _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8))
        }
    ) {
        self.terminal = terminal
        self.width = width
        self.write = write
    }

    /// Columns to fold messages to; nil where standard error is no terminal and others read it line by line.
    var foldingWidth: Int? { terminal.errorIsTerminal ? width() : nil }

    /// Prints lines that stay.
    func message(_ text: String) {
        state.withLock { state in
            // Whoever has the terminal may have left the cursor behind a question.
            let start = state.isLent ? "\n" : Self.erasure(of: state.live, width: width())
            write(start + text + "\n" + (state.live ?? ""))
        }
    }

    /// Draws the live line; it is made for the width that it is given, and never reaches the last column, where
    /// terminals differ in what they do.
    func draw(_ line: (_ width: Int) -> String) {
        state.withLock { state in
            guard !state.isLent else { return }
            let width = width()
            let text = line(max(10, width - 1))
            guard text != state.live else { return }
            write(Self.erasure(of: state.live, width: width) + text)
            state.live = text
        }
    }

    /// Takes the live line away.
    func clear() {
        state.withLock { state in
            guard let live = state.live else { return }
            write(Self.erasure(of: live, width: width()))
            state.live = nil
        }
    }

    /// Lends the terminal to somebody who asks the user.
    func lend() {
        clear()
        state.withLock { $0.isLent = true }
    }

    /// Takes it back.
    func takeBack() {
        state.withLock { $0.isLent = false }
    }

    /// What removes a live line: if the terminal has become narrower since, it stands on several rows.
    static func erasure(of live: String?, width: Int) -> String {
        guard let live, !live.isEmpty else { return "" }
        let rows = max(1, (live.count + max(1, width) - 1) / max(1, width))
        return (rows > 1 ? "\u{1B}[\(rows - 1)A" : "") + "\r\u{1B}[J"
    }
}
