package import BoardConsoles
import FlashAccess

/// Recognizes a bootloader by its start, its prompt and its complaint about unknown commands.
package struct LoaderRecognizer: DialectRecognizer {
    private let dialect: any LoaderDialect
    private var text: LoaderText

    package init(_ dialect: any LoaderDialect) {
        self.dialect = dialect
        text = LoaderText(dialect)
    }

    package var name: String { dialect.name }
    package var isBootloader: Bool { true }
    package var promptCandidate: [UInt8]? { text.promptCandidate }

    package mutating func take(_ bytes: [UInt8]) -> [DialectSign] {
        text.feed(bytes).compactMap { event in
            guard case .sign(let sign) = event else { return nil }
            return switch sign {
            case .starts: .starts
            case .countsDown(let keys, let text): .countsDown(keys: keys, text: text)
            case .startsSystem(let line): .startsSystem(line)
            case .unknownCommand, .ended: nil
            }
        }
    }

    package func judge(_ reply: [UInt8], at candidate: [UInt8]) -> DialectVerdict {
        var reader = LoaderText(dialect)
        guard reader.feed(reply).contains(.sign(.unknownCommand)) else { return .no }
        let line = reader.openLine
        return line == candidate || PromptMatch.isNearly(line, candidate) ? .complains(prompt: line) : .unclear
    }
}
