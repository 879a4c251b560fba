import BoardConsoles
import FlashAccess
import FlashModel

/// Resets of the board.
extension LoaderSession {
    /// Runs the body, and repeats it after a reset of the board, once the bootloader is at its prompt again.
    ///
    /// - Parameter achieved: a number that grows with what need not be done again.
    /// - Throws: `boardLost` if the board is reset repeatedly, `commandFailed` with the command's name if it is always
    ///   reset at the same one; errors of the body.
    package func surviving<Result>(
        achieved: () -> Int = { 0 }, _ body: () async throws -> Result
    ) async throws -> Result {
        var budget = ResetBudget(achieved: achieved())
        while true {
            do {
                return try await body()
            } catch let interruption as Interruption {
                try budget.spend(
                    on: interruption, command: lastCommand, achieved: achieved(), advice: dialect.resetAdvice)
                try await getBackIn()
            }
        }
    }

    /// Returns to the prompt after the board was reset, which may have erased its memory.
    ///
    /// - Throws: as ``BoardConsoles/ConsoleIdentifier/findAgain(_:on:)``.
    private func getBackIn() async throws {
        boot += 1
        retries += 1
        let found = try await identifier.findAgain(dialect.name, on: console)
        prompt = found.prompt
        if !found.startLog.isEmpty { startLog = found.startLog }
        isUntidy = false
        text = LoaderText(dialect, prompt: prompt)
        typing.widenFully()
    }

    /// The error for a command without an answer.
    ///
    /// - Parameter command: or what was attempted, in words.
    func lost(_ command: String) -> FlashkeepError {
        guard !console.isTalking else { return console.talksOn(during: "\"\(command)\"") }
        return FlashkeepError(
            .boardSilent, what: "\(address) stopped answering.",
            why: "\(dialect.name) gave no answer to \"\(command)\".",
            next: "Check power and cable, switch the board off and on, then run the same command again: it resumes.")
    }
}
