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

    /// Whether the board's end is a serial line, here or at a console server.
    private var hasSerialLine: Bool { ["serial", "tcp"].contains(console.channel.traits.scheme) }

    func nothingAnswers() -> FlashkeepError {
        FlashkeepError(
            .boardSilent, what: "Nothing answers at \(console.channel.traits.address).",
            why: "Neither ^C nor Enter got a single character in response.",
            next: hasSerialLine
                ? "Check that the board has power, that RX and TX are not swapped, and the baud rate (?baud=57600)."
                : "Check that the board has started, and log in by hand once to see what answers.")
    }

    /// What helps against a line that damages bytes.
    var lineAdvice: String {
        hasSerialLine
            ? "Check the ground wire, use a shorter cable or a lower baud rate, then run the command again."
            : "Check what else writes to this terminal, such as the kernel or another login, then run the command again."
    }

    func notAShell(_ seen: [UInt8]) -> FlashkeepError {
        if LineSense(seen) == .garbage {
            return FlashkeepError(
                .replyNotUnderstood, what: "\(console.channel.traits.address) sends garbage.",
                why: hasSerialLine
                    ? "Most of it is not text: the baud rate is wrong, or the line is bad."
                    : "Most of it is not text: what answers there is no terminal.",
                next: hasSerialLine
                    ? "Try ?baud=57600, 38400 or 9600, and check the ground wire."
                    : "Check the address and the port.")
        }
        let last = TerminalText.lastLines(seen)
        return FlashkeepError(
            .replyNotUnderstood, what: "No Linux shell answers at \(console.channel.traits.address).",
            why: last.isEmpty ? "A test command got no reply." : "The last output was: \(last)",
            next: "Log in by hand once to see what answers; Flashkeep needs a shell that echoes what is typed.")
    }

    /// The error for a connection that leads to no shell, with what it led to.
    func noShell() -> FlashkeepError {
        let last = console.lastWords
        var error = FlashkeepError(
            .replyNotUnderstood, what: "No shell answers at \(console.channel.traits.address).",
            why: last.isEmpty ? "A test command got no reply." : "The last output was: \(last)",
            next: "Log in by hand once to see what answers there. If it is a menu or the vendor's own command line, "
                + "look for a command that starts a shell (often: sh, shell), or try another user.")
        if !last.isEmpty { error.lastOutput = last }
        return error
    }

    /// The error for a command line that gives each command to a shell of its own.
    func separateShells() -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood, what: "The commands at \(console.channel.traits.address) do not share a shell.",
            why: "A variable that one line sets is unknown to the next. The vendor's own command line answers, and "
                + "starts a shell only for single commands.",
            next: "Look in its list of commands for one that starts a shell (often sh), and whether the board offers "
                + "a shell elsewhere: SSH, telnet, or the serial console.")
    }

    func bootloader(_ prompt: String) -> FlashkeepError {
        FlashkeepError(
            .bootloaderAnswers, what: "A bootloader answers at \(console.channel.traits.address), not Linux.",
            why: "Its prompt is \"\(prompt)\".",
            next: console.channel.traits.scheme == "telnet"
                ? "To work with the bootloader, give the address of its console as "
                    + "\(console.channel.traits.address.replacing("telnet://", with: "tcp://"))"
                : "Let the board start its Linux (usually: boot), then try again.")
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
