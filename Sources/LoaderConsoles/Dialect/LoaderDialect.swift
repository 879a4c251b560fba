package import FlashAccess

/// What a bootloader's console prints and takes, as far as a session must know it. Pure.
///
/// Everything else of a bootloader, its commands and the parsers of their replies, stays in its own target.
package protocol LoaderDialect: Sendable {
    /// The name for people: `CFE`.
    var name: String { get }

    /// Whether an unfinished line may be its prompt. The prompt that a console shows is then proven with a word that no
    /// bootloader knows.
    func isPrompt(_ line: ByteText) -> Bool

    /// What a complete line shows, without blanks at its ends; empty if it means nothing to a session.
    func signs(of line: ByteText) -> [LoaderSign]

    /// What a line shows before it ends, such as a countdown that rewrites its number.
    func openSign(of line: ByteText) -> LoaderSign?

    /// Whether an unfinished line is a question, which waits for an answer.
    func isQuestion(_ line: ByteText) -> Bool

    /// What discards a half-typed line, answers any question with no, and brings the prompt: one piece after another,
    /// each once the console is quiet.
    ///
    /// - Parameter typed: the number of characters that may be on the line.
    func clearing(typed: Int) -> [[UInt8]]

    /// Whether a reply to ``clearing(typed:)`` is complete, so that its prompt is believed without silence.
    func isCleared(_ reply: ConsoleReply) -> Bool

    /// What to do if the board restarts each time at the same command; sentences.
    var resetAdvice: String { get }
}

extension LoaderDialect {
    package func openSign(of line: ByteText) -> LoaderSign? { nil }
    package func isQuestion(_ line: ByteText) -> Bool { false }
    package func isCleared(_ reply: ConsoleReply) -> Bool { false }
    package var resetAdvice: String {
        "Either the command touches an address that is not what it is taken for, or a watchdog or a weak power supply "
            + "restarts the board this soon. Start its Linux instead, or use a programmer."
    }
}

/// What a line of a bootloader's output shows.
package enum LoaderSign: Sendable, Hashable {
    /// It starts, with this line. Within a reply, the board was reset.
    case starts(String)
    /// It starts its system soon, unless one of these keys comes; best first. With its own words.
    case countsDown(keys: [[UInt8]], text: String)
    /// It starts a system, with this line, and is gone.
    case startsSystem(String)
    /// It says that it does not know the command.
    case unknownCommand
    /// The command has ended with this status; the prompt follows.
    case ended(status: Int)
}
