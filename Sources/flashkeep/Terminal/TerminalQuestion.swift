import Dispatch
import Glibc
import Synchronization

/// Asks the user for something.
enum TerminalQuestion {
    /// What became of a question.
    enum Answer: Sendable, Equatable {
        /// What was typed, without the line's end.
        case typed(String)
        /// The input ended before the line did: Ctrl-D, or a terminal that is gone.
        case endOfInput
        /// There is no terminal.
        case nobody

        /// What was typed; nil if no line was.
        var text: String? { if case .typed(let text) = self { text } else { nil } }
    }

    /// Asks on the terminal of this process, whatever standard input and output are.
    ///
    /// - Parameter isSecret: whether what is typed must not be seen.
    /// - Throws: `CancellationError`.
    static func ask(_ question: String, isSecret: Bool) async throws -> Answer {
        let isCancelled = CancelFlag()
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { (done: CheckedContinuation<Answer, Never>) in
                // On a thread of its own: it waits for a person.
                DispatchQueue(label: "flashkeep.question").async {
                    done.resume(returning: read(question, isSecret, isCancelled))
                }
            }
        } onCancel: {
            isCancelled.value.store(true, ordering: .relaxed)
        }
        try Task.checkCancellation()
        return answer
    }

    private final class CancelFlag: Sendable {
        let value = Atomic<Bool>(false)
    }

    private static func read(_ question: String, _ isSecret: Bool, _ isCancelled: CancelFlag) -> Answer {
        let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return .nobody }
        defer { close(terminal) }
        var before = termios()
        guard unsafe tcgetattr(terminal, &before) == 0 else { return .nobody }
        var asking = before
        if isSecret { asking.c_lflag &= ~tcflag_t(ECHO) }
        // Ctrl-Z is none here (`_POSIX_VDISABLE`): a shell that brings the program back turns the echo on again.
        asking.c_cc.10 = 0  // VSUSP
        let sane = before
        // Also where a second Ctrl-C ends the program at once.
        let takeBack = Interruption.onSecond {
            var settings = sane
            _ = unsafe tcsetattr(terminal, TCSANOW, &settings)
        }
        defer { takeBack() }
        guard unsafe tcsetattr(terminal, TCSAFLUSH, &asking) == 0 else { return .nobody }
        defer {
            _ = unsafe tcsetattr(terminal, TCSANOW, &before)
            if isSecret { say("\n", to: terminal) }
        }
        say(question, to: terminal)
        var answer: [UInt8] = []
        while !isCancelled.value.load(ordering: .relaxed) {
            var waiting = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&waiting, 1, 100) > 0 else { continue }
            var byte: UInt8 = 0
            guard unsafe Glibc.read(terminal, &byte, 1) == 1 else { return .endOfInput }
            if byte == 0x0A || byte == 0x0D { return .typed(String(decoding: answer, as: UTF8.self)) }
            answer.append(byte)
        }
        return .endOfInput
    }

    private static func say(_ text: String, to terminal: CInt) {
        let bytes = Array(text.utf8)
        _ = unsafe write(terminal, bytes, bytes.count)
    }
}
