import BoardConsoles
import FlashModel

/// Return to the prompt after a reset.
extension RedBootSession {
    /// Returns to the prompt after the board was reset, which may have erased its memory. If it has started a system, a
    /// power cycle is requested, as at first.
    ///
    /// - Throws: as ``BoardConsoles/ConsoleIdentifier/find(_:)``.
    func getBackIn() async throws {
        boot += 1
        retries += 1
        var identifier = identifier
        identifier.wanted = [RedBootRecognizer.name]
        guard let found = try await identifier.find(console).prompt else {
            // Impossible, because only RedBoot's prompt was requested.
            throw FlashkeepError(
                .boardLost, what: "\(address) was reset and has started its system.",
                why: "Its bootloader could not be stopped again in time.",
                next: "Run the same command again and switch the board off and on: it resumes.")
        }
        prompt = found
        isUntidy = false
        text = RedBootConsoleText(prompt: found)
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
