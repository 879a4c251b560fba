package import BoardConsoles

/// Recognizes U-Boot by its banner, its countdown, its menus and its error for unknown commands.
package struct UBootRecognizer: DialectRecognizer {
    /// The name of the dialect.
    package static let name = "U-Boot"

    private var text = UBootConsoleText()

    package init() {}

    package var name: String { Self.name }
    package var isBootloader: Bool { true }
    package var promptCandidate: [UInt8]? { text.promptCandidate }

    package mutating func take(_ bytes: [UInt8]) -> [DialectSign] {
        text.feed(bytes).compactMap(Self.sign)
    }

    package mutating func pause() -> [DialectSign] { text.pause().compactMap(Self.sign) }

    private static func sign(_ event: UBootConsoleText.Event) -> DialectSign? {
        switch event {
        case .banner: .starts
        case .stopPrompt(let prompt): .countsDown(keys: prompt.keys, text: prompt.text)
        case .likelyStopPrompt(let text): .mayCountDown(text: text)
        case .menu(let key): .menu(commandLineKey: key)
        case .passwordPrompt(let line): .asksForPassword(line)
        case .systemStart(let line): .startsSystem(line)
        case .garbage: .garbage
        default: nil
        }
    }

    package func judge(_ reply: [UInt8], at candidate: [UInt8]) -> DialectVerdict {
        var reader = UBootConsoleText(prompt: candidate)
        let isComplaint = reader.feed(reply).contains { if case .unknownCommand = $0 { true } else { false } }
        guard isComplaint else { return .no }
        let line = reader.openLine
        return line == candidate || PromptMatch.isNearly(line, candidate) ? .complains(prompt: line) : .unclear
    }
}
