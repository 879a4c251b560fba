import BoardAccess
import FlashAccess
import FlashModel
import Operations

/// What all verbs have in common: signals, progress, errors, and the exit status.
enum VerbRun {
    static func run(_ verb: any Verb) async -> ExitStatus {
        let terminal = Terminal.current(color: verb.common.color)
        let screen = Screen(terminal)
        let environment = LiveEnvironment.make(version: Version.current)
        let mode = mode(verb.common.progress, terminal)
        let progress = ProgressFace(
            mode, screen: screen, isVerbose: verb.common.verbose, now: environment.stopwatch())
        let context = VerbContext(
            screen: screen, progress: progress, environment: environment, isJSON: verb.common.json,
            isVerbose: verb.common.verbose)

        let work = Task {
            try FileLimit.raise()
            return try await verb.work(in: context)
        }
        Interruption.listen {
            progress.take(.note("stopping cleanly; press Ctrl-C again to stop at once"))
            work.cancel()
        }
        let ticks = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(500))
                progress.tick()
            }
        }
        let result = await work.result
        ticks.cancel()
        progress.end()
        do {
            let status = try result.get()
            guard !StandardOutput.hasFailed else { throw outputLost }
            try context.transcript.check()
            return status
        } catch {
            // An error after Ctrl-C is a consequence of it: ssh receives the signal too and disconnects.
            let reason = Interruption.reason
            let shown =
                reason.map { interrupted($0, next: verb.afterInterruption) } ?? ErrorReport.error(error)
            ErrorReport.show(shown, json: verb.common.json, screen: screen, asEvent: mode == .json)
            return ExitStatus(shown.code)
        }
    }

    /// The form in which progress is shown.
    static func mode(_ choice: CommonOptions.ProgressChoice, _ terminal: Terminal) -> ProgressFace.Mode {
        switch choice {
        case .auto: terminal.errorIsTerminal && !terminal.isDumb ? .live : .plain
        case .plain: .plain
        case .json: .json
        case .none: .none
        }
    }

    private static func interrupted(_ reason: String, next: String) -> FlashkeepError {
        FlashkeepError(.interrupted, what: "Interrupted.", why: reason, next: next)
    }

    private static var outputLost: FlashkeepError {
        FlashkeepError(
            .fileUnavailable, what: "The result could not be written to standard output.",
            why: "The disk may be full.", next: "Free some space, or send the output elsewhere.")
    }
}
