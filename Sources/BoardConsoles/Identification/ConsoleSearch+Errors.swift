import BoardChannels
import FlashModel

extension ConsoleSearch {
    func noEnd(_ console: Console, _ task: String) -> FlashkeepError {
        if LineSense(seen) == .garbage { return garbage(console) }
        return withCountdown(console.talksOn(during: task))
    }

    /// The error, with the countdown that was not stopped, if there was one.
    private func withCountdown(_ error: FlashkeepError) -> FlashkeepError {
        (missedCountdown ?? countdown).map { MissedCountdown.adding($0, to: error) } ?? error
    }

    func silent(_ console: Console) -> FlashkeepError {
        withCountdown(
            FlashkeepError(
                .boardSilent, what: "Nothing answers at \(console.channel.traits.address).",
                why: "Neither ^C nor Enter nor a restart produced a prompt.",
                next: "Check power, that RX and TX are not swapped, and the baud rate (?baud=57600)."))
    }

    func deaf(_ console: Console) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood,
            what: "The board at \(console.channel.traits.address) prints, but does not hear us.",
            why: "It showed a prompt, but echoed nothing that was typed.",
            next:
                "Check the wire to the board's RX, and that flow control is off: its receive line is dead, not locked."
        )
    }

    func doubles(_ console: Console) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood,
            what: "Each character sent to \(console.channel.traits.address) comes back twice.",
            why: "The board echoes what is typed, and something in between does, too.",
            next: "Turn off the local echo of the terminal server or adapter.")
    }

    func garbage(_ console: Console) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood, what: "\(console.channel.traits.address) sends garbage.",
            why: triedRates.isEmpty
                ? "Most of it is not text: the baud rate is wrong, or the line is bad."
                : "No text was received at any of \(triedRates.map(String.init).joined(separator: ", ")) baud.",
            next: triedRates.isEmpty
                ? "Try ?baud=57600, 38400, 9600 or 921600, and check the ground wire."
                : "Check the ground wire and the line's voltage; for another rate, give ?baud=NUMBER.")
    }

    /// The error for a bootloader that answers, and that is not one of those that are needed.
    func notWanted(_ name: String, _ console: Console) -> FlashkeepError {
        FlashkeepError(
            .usage,
            what:
                "\(name) answers at \(console.channel.traits.address), and Flashkeep cannot start an image through it.",
            why: "It starts images through \(identifier.wanted.sorted().joined(separator: " and ")) only.",
            next: "Omit --image: a backup is then read through \(name) itself. For a restore, let the board start its "
                + "Linux, and connect to that.")
    }

    func notSupported(_ name: String, _ console: Console) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood,
            what: "\(name) answers at \(console.channel.traits.address), and flash cannot be read through it yet.",
            why: "The last output was: \(TerminalText.lastLines(seen))",
            next: "Let it start its Linux and back up from there.")
    }
}
