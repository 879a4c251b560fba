internal import FlashModel
private import Subprocess
private import SystemPackage

/// Runs a command on this computer that affects a board from outside, such as switching its power.
package enum LocalCommand {
    /// The maximum output in bytes.
    private static let limit = 1 << 20

    /// Runs a command line through `sh`, and waits for its end.
    ///
    /// - Parameter longest: the time limit; the command is then terminated.
    /// - Throws: ``FlashkeepError`` with `commandFailed` if its status is not 0, or it does not end in time.
    package static func run(_ command: String, longest: Duration) async throws {
        let ended = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await run(command)
                return true
            }
            group.addTask {
                try await Task.sleep(for: longest)
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        guard !ended else { return }
        throw FlashkeepError(
            .commandFailed, what: "The command \"\(PrintableText.escaped(command, limit: 100))\" did not end.",
            why: "It was stopped after \(longest.components.seconds) s.",
            next: "Try it by hand, or omit the option and switch the board yourself.")
    }

    private static func run(_ command: String) async throws {
        let outcome = try await Subprocess.run(
            .path("/bin/sh"), arguments: ["-c", command], input: .none, output: .string(limit: limit),
            error: .string(limit: limit))
        if case .exited(0) = outcome.terminationStatus { return }
        let said = outcome.standardOutput + outcome.standardError
        let last = said.split(separator: "\n").last.map { PrintableText.escaped(String($0), limit: 200) }
        throw FlashkeepError(
            .commandFailed, what: "The command \"\(PrintableText.escaped(command, limit: 100))\" failed.",
            why: last ?? "It ended with \(outcome.terminationStatus).",
            next: "Try it by hand, or omit the option and switch the board yourself.")
    }
}
