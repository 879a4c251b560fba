import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel

/// Return to the prompt after a reset.
extension UBootSession {
    /// Returns to the prompt after the board was reset, which has erased its memory.
    ///
    /// - Throws: as ``BoardConsoles/ConsoleIdentifier/findAgain(_:on:)``.
    func getBackIn() async throws {
        boot += 1
        retries += 1
        mayWaitForEnter = false
        // It starts at the rate of its stored environment, whatever was set since.
        if let ownRate, console.channel.lineRate != ownRate { try await console.channel.setLineRate(ownRate) }
        let found = try await identifier.findAgain(UBootRecognizer.name, on: console)
        prompt = found.prompt
        isUntidy = false
        text = UBootConsoleText(prompt: prompt)
        typing.widenFully()
    }

    /// The prompt that replaced the known one: U-Boot answered ^C three times in a row, each time with this line.
    static func otherPrompt(_ lines: [[UInt8]]) -> [UInt8]? {
        guard let last = lines.last, !last.isEmpty, lines.count >= 3, lines.suffix(3).allSatisfy({ $0 == last }) else {
            return nil
        }
        return last
    }

    /// U-Boot answers at another prompt: something else is running now, such as another U-Boot, and what was set or
    /// selected before is lost as after a reset.
    func otherPrompt(_ prompt: [UInt8]) -> Interruption {
        func shown(_ prompt: [UInt8]) -> String {
            "\"\(PrintableText.escaped(String(decoding: prompt, as: UTF8.self), limit: 48))\""
        }
        return Interruption(why: "its prompt is now \(shown(prompt)), and was \(shown(self.prompt))")
    }

    var address: String { console.channel.traits.address }

    /// The error for a command without an answer. A board that falls silent at a raised rate may have been reset to its
    /// own.
    func lost(_ command: String) -> any Error {
        guard let ownRate, let rate = console.channel.lineRate, rate != ownRate else {
            guard console.isTalking else { return silent(command) }
            return console.talksOn(
                during: command == "^C" ? "the return to the prompt" : "the echo of \"\(command)\"")
        }
        return Interruption(why: "the board does not answer at \(rate) baud")
    }

    func silent(_ command: String) -> FlashkeepError {
        FlashkeepError(
            .boardSilent, what: "\(address) stopped answering.",
            why: command == "^C" ? "U-Boot's prompt did not come back." : "There was no echo of \"\(command)\".",
            next: "Check power and cable, then run the same command again: it resumes.")
    }
}
