package import BoardConsoles

/// Recognizes RedBoot by its banner, the line of its boot script, its prompt and its error for unknown commands.
package struct RedBootRecognizer: DialectRecognizer {
    /// The name of the dialect.
    package static let name = "RedBoot"

    private var text = RedBootConsoleText()

    package init() {}

    package var name: String { Self.name }
    package var isBootloader: Bool { true }
    package var promptCandidate: [UInt8]? { text.promptCandidate }

    package mutating func take(_ bytes: [UInt8]) -> [DialectSign] {
        text.feed(bytes).compactMap { event in
            switch event {
            case .banner, .waitsForNetwork: .starts
            // Only ^C counts; any other key stops the countdown for good.
            case .countdown(let line): .countsDown(keys: [[0x03]], text: line)
            // What follows is recognized without knowing who started it.
            case .systemStart(let line)
            where ["Now booting linux", "Uncompressing Linux"].contains(where: line.hasPrefix):
                .startsSystem(line)
            case .systemStart: nil
            case .prompt, .question, .illegalCommand, .reset: nil
            }
        }
    }

    /// Over telnet RedBoot echoes nothing.
    package func mayAnswerWithoutEcho(at candidate: [UInt8]) -> Bool {
        RedBootConsoleText.prompts.contains { candidate.suffix($0.count).elementsEqual($0) }
    }

    package func judge(_ reply: [UInt8], at candidate: [UInt8]) -> DialectVerdict {
        var reader = RedBootConsoleText()
        guard reader.feed(reply).contains(.illegalCommand) else { return .no }
        guard let prompt = reader.promptCandidate ?? Self.prompt(reader.openLine, like: candidate) else {
            return .unclear
        }
        return .complains(prompt: prompt)
    }

    /// A prompt of a build of its own.
    private static func prompt(_ line: [UInt8], like candidate: [UInt8]) -> [UInt8]? {
        line == candidate || PromptMatch.isNearly(line, candidate) ? line : nil
    }
}
