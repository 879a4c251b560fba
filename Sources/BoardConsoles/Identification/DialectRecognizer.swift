/// Recognises one dialect in what a console prints. Pure: it sends nothing.
///
/// ``ConsoleIdentifier`` listens once and asks each of its recognizers. A recognizer is a value that keeps what it has
/// seen; a fresh one is made wherever the console's output starts anew.
package protocol DialectRecognizer: Sendable {
    /// The name of the dialect: `U-Boot`, `Linux`, `RedBoot`.
    var name: String { get }

    /// Whether it is a bootloader, which a restart brings back. All others are systems that a bootloader has started.
    var isBootloader: Bool { get }

    /// Whether boards can be opened through this dialect. Others are named and refused.
    var isSupported: Bool { get }

    /// Takes bytes, however they are cut.
    mutating func take(_ bytes: [UInt8]) -> [DialectSign]

    /// Takes note that nothing came for a while: a line may stand without an end.
    mutating func pause() -> [DialectSign]

    /// The line that has not ended, if it may be a prompt of this dialect. Silence and a question decide.
    var promptCandidate: [UInt8]? { get }

    /// Whether this dialect may be at the prompt although nothing that is typed there is echoed.
    func mayAnswerWithoutEcho(at candidate: [UInt8]) -> Bool

    /// Judges the reply to a word that no console knows as a command.
    ///
    /// - Parameters:
    ///   - reply: all that came after the Enter.
    ///   - candidate: the line at which the word was typed.
    func judge(_ reply: [UInt8], at candidate: [UInt8]) -> DialectVerdict
}

extension DialectRecognizer {
    package var isSupported: Bool { true }
    package mutating func pause() -> [DialectSign] { [] }
    package var promptCandidate: [UInt8]? { nil }
    package func mayAnswerWithoutEcho(at candidate: [UInt8]) -> Bool { false }
    package func judge(_ reply: [UInt8], at candidate: [UInt8]) -> DialectVerdict { .no }
}

/// Who answers on a console.
package struct Responder: Sendable, Hashable {
    /// The name of the dialect.
    package var dialect: String
    /// Its prompt, byte for byte; nil if it is not known, or the dialect has none that matters.
    package var prompt: [UInt8]?
    /// What it printed from its start until it answered, at most ``startLogLimit`` bytes; empty if it did not start.
    package var startLog: [UInt8] = []
    /// A prompt at which something echoed and answered in no dialect that is known; nil if there was none.
    package var unknownPrompt: [UInt8]?
    /// The words of a countdown that ran out before the system started; nil if none was seen.
    package var missedCountdown: String?

    /// The limit of ``startLog`` in bytes; a bootloader prints 1 to 4 KiB.
    static let startLogLimit = 32 << 10

    package init(dialect: String, prompt: [UInt8]? = nil) {
        self.dialect = dialect
        self.prompt = prompt
    }

    /// Whether the same dialect answers, with the same prompt, whatever was printed before.
    package static func == (one: Responder, other: Responder) -> Bool {
        one.dialect == other.dialect && one.prompt == other.prompt
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(dialect)
        hasher.combine(prompt)
    }
}
