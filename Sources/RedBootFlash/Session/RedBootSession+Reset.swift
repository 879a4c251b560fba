import BoardConsoles
import FlashModel

/// Return to the prompt after a reset.
extension RedBootSession {
    /// Returns to the prompt after the board was reset, which may have erased its memory.
    ///
    /// - Throws: as ``BoardConsoles/ConsoleIdentifier/findAgain(_:on:)``.
    func getBackIn() async throws {
        boot += 1
        retries += 1
        let found = try await identifier.findAgain(RedBootRecognizer.name, on: console)
        prompt = found.prompt
        isUntidy = false
        text = RedBootConsoleText(prompt: prompt)
        typing.widenFully()
    }

    /// The error for a command without an answer.
    func lost(_ command: String) -> FlashkeepError {
        guard console.isTalking else { return silent(command) }
        return console.talksOn(during: command == "^C" ? "the return to the prompt" : "the echo of \"\(command)\"")
    }

    func silent(_ command: String) -> FlashkeepError {
        FlashkeepError(
            .boardSilent, what: "\(address) stopped answering.",
            why: command == "^C" ? "RedBoot's prompt did not come back." : "There was no echo of \"\(command)\".",
            next: "Check power and cable, switch the board off and on, then run the same command again: it resumes.")
    }
}
