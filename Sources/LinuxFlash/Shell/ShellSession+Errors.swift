import BoardChannels
import BoardConsoles
import FlashModel

/// The errors of a session.
extension ShellSession {
    /// The error for a missing reply: either nothing arrived, or something else keeps arriving.
    func lost(_ command: String) -> FlashkeepError {
        guard console.isTalking else { return silent(during: command) }
        return console.talksOn(during: "the reply to \"\(Self.start(of: command))\"")
    }

    static func start(of command: String) -> String {
        let start = command.split(separator: "\n").first.map { $0.count < command.count ? "\($0) …" : String($0) } ?? ""
        return start.count > 120 ? "\(start.prefix(120)) …" : start
    }

    func silent(during command: String) -> FlashkeepError {
        return FlashkeepError(
            .boardSilent, what: "\(console.channel.traits.address) stopped answering.",
            why: "There was no reply to: \(Self.start(of: command))",
            next: "Check power, cable and network, then run the same command again: it resumes.")
    }

    func nothingAnswers() -> FlashkeepError {
        FlashkeepError(
            .boardSilent, what: "Nothing answers at \(console.channel.traits.address).",
            why: "Neither ^C nor Enter got a single character in response.",
            next: "Check that the board has power, that RX and TX are not swapped, and the baud rate (?baud=57600).")
    }

    func notAShell(_ seen: [UInt8]) -> FlashkeepError {
        if LineSense(seen) == .garbage {
            return FlashkeepError(
                .replyNotUnderstood, what: "\(console.channel.traits.address) sends garbage.",
                why: "Most of it is not text: the baud rate is wrong, or the line is bad.",
                next: "Try ?baud=57600, 38400 or 9600, and check the ground wire.")
        }
        let last = TerminalText.lastLines(seen)
        return FlashkeepError(
            .replyNotUnderstood, what: "No Linux shell answers at \(console.channel.traits.address).",
            why: last.isEmpty ? "A test command got no reply." : "The last output was: \(last)",
            next: "Log in by hand once to see what answers; Flashkeep needs a shell that echoes what is typed.")
    }

    func bootloader(_ prompt: String) -> FlashkeepError {
        FlashkeepError(
            .bootloaderAnswers, what: "A bootloader answers at \(console.channel.traits.address), not Linux.",
            why: "Its prompt is \"\(prompt)\".", next: "Let the board start its Linux (usually: boot), then try again.")
    }

    func denied() -> FlashkeepError {
        FlashkeepError(
            .authenticationFailed,
            what: "\(console.channel.traits.address) did not accept the user \(credentials.user) or the password.",
            why: "The board said so, or asked again.",
            next: "Give the correct password with FLASHKEEP_PASSWORD or --password-file, or another user in the "
                + "address.")
    }

    func passwordNeeded() -> FlashkeepError {
        FlashkeepError(
            .passwordNeeded, what: "\(console.channel.traits.address) asks for the password of \(credentials.user).",
            why: "None was given, and nobody can be asked here.",
            next: "Set FLASHKEEP_PASSWORD or use --password-file.")
    }
}
