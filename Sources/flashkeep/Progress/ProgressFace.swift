import FlashModel
import Operations
import Synchronization

/// Shows a verb's progress on standard error.
final class ProgressFace: Sendable {
    enum Mode: Sendable, Equatable {
        case live, plain, json, none
    }

    private struct State {
        var progress = ProgressState()
        var plain: PlainLines
        var drawnAt: Duration?
    }

    private static let frame: Duration = .milliseconds(100)

    let mode: Mode
    /// Whether another program may ask the user something while the board is being reached; its question must not be
    /// overwritten.
    private let sharesTerminal = Atomic<Bool>(false)
    private let screen: Screen
    private let now: @Sendable () -> Duration
    private let state: Mutex<State>

    /// - Parameter now: the time since the start, from a clock that never goes back.
    init(_ mode: Mode, screen: Screen, isVerbose: Bool, now: @escaping @Sendable () -> Duration) {
        self.mode = mode
        self.screen = screen
        self.now = now
        state = Mutex(State(plain: PlainLines(isVerbose: isVerbose)))
    }

    /// Processes an event.
    func take(_ event: ProgressEvent) {
        state.withLock { state in
            let now = now()
            state.progress.take(event, at: now)
            if mode == .json {
                screen.message(ProgressJSON.line(event, at: now))
                return
            }
            let style = screen.terminal.errorStyle
            switch event {
            case .warning(let text): say("warning:", style.doubtful("warning:"), text, during: state.progress.stage)
            case .request(let text): say("please:", style.strong("please:"), text, during: state.progress.stage)
            case .note(let text): say("note:", style.faint("note:"), text, during: state.progress.stage)
            default: break
            }
            switch mode {
            case .plain:
                for line in state.plain.lines(for: event, state.progress, at: now) { screen.message(line) }
            case .live:
                draw(&state, now, isDue: event.isTurn)
            case .json, .none: break
            }
        }
    }

    /// Announces that the SSH client may ask for a password or a host key.
    func shareTerminalWhileConnecting() { sharesTerminal.store(true, ordering: .relaxed) }

    /// Redraws without an event: time passes, and the terminal's width may have changed.
    func tick() {
        guard mode == .live else { return }
        state.withLock { draw(&$0, now(), isDue: false) }
    }

    /// Removes the live line permanently.
    func end() {
        state.withLock { $0.progress.stage = nil }
        screen.clear()
    }

    private func isShared(_ stage: Stage?) -> Bool {
        mode == .live && stage == .connecting && sharesTerminal.load(ordering: .relaxed)
    }

    private func say(_ head: String, _ styled: String, _ text: String, during stage: Stage?) {
        let sentence = SafeText.sentence(text)
        var lines =
            screen.foldingWidth.map {
                Paragraphs.folded(sentence, width: $0, first: head + " ", next: "  ")
            } ?? ["\(head) \(sentence)"]
        lines[0] = styled + lines[0].dropFirst(head.count)
        // Another program's question may be on this line.
        if isShared(stage) { screen.message("") }
        screen.message(lines.joined(separator: "\n"))
    }

    private func draw(_ state: inout State, _ now: Duration, isDue: Bool) {
        if let drawnAt = state.drawnAt, !isDue, now - drawnAt < Self.frame { return }
        guard let stage = state.progress.stage else { return }
        if isShared(stage) {
            screen.clear()
            if isDue { screen.message(stage.title) }
            return
        }
        state.drawnAt = now
        let progress = state.progress
        let style = screen.terminal.errorStyle
        screen.draw { LiveLine.text(progress, at: now, width: $0, style: style) }
    }
}

extension ProgressEvent {
    /// Whether it begins a new stage, which is drawn at once.
    fileprivate var isTurn: Bool {
        if case .began = self { true } else { false }
    }
}
