import Synchronization
import SystemPackage

/// Standard error as a screen: messages, and below them at most one line that is redrawn.
final class Screen: Sendable {
    private struct State {
        /// The live line on the screen; nil if there is none.
        var live: String?
        /// Whether the terminal is in use for a password question.
        var isLent = false
    }

    let terminal: Terminal
    private let state = Mutex(State())
    private let write: @Sendable (String) -> Void
    private let width: @Sendable () -> Int

    /// - Parameters:
    ///   - write: receives the output for the terminal.
    ///   - width: the number of columns, queried before each drawing.
    init(
        _ terminal: Terminal, width: @escaping @Sendable () -> Int = { Terminal.width(of: 2) ?? 80 },
        write: @escaping @Sendable (String) -> Void = { text in
            // If this fails, there is no other place to report it.
            _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8))
        }
    ) {
        self.terminal = terminal
        self.width = width
        self.write = write
    }

    /// The number of columns to fold messages to; nil if standard error is not a terminal and is read line by line.
    var foldingWidth: Int? { terminal.errorIsTerminal ? width() : nil }

    /// Prints permanent lines.
    func message(_ text: String) {
        state.withLock { state in
            // The cursor may be behind another program's question.
            let start = state.isLent ? "\n" : Self.erasure(of: state.live, width: width())
            write(start + text + "\n" + (state.live ?? ""))
        }
    }

    /// Draws the live line; it is made for the given width, and never uses the last column, which terminals handle
    /// differently.
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

    /// Removes the live line.
    func clear() {
        state.withLock { state in
            guard let live = state.live else { return }
            write(Self.erasure(of: live, width: width()))
            state.live = nil
        }
    }

    /// Leaves the terminal to a question for the user.
    func lend() {
        clear()
        state.withLock { $0.isLent = true }
    }

    /// Takes the terminal back.
    func takeBack() {
        state.withLock { $0.isLent = false }
    }

    /// The sequence that erases a live line: if the terminal has become narrower since, the line covers several rows.
    static func erasure(of live: String?, width: Int) -> String {
        guard let live, !live.isEmpty else { return "" }
        let rows = max(1, (live.count + max(1, width) - 1) / max(1, width))
        return (rows > 1 ? "\u{1B}[\(rows - 1)A" : "") + "\r\u{1B}[J"
    }
}
