import BoardConsoles
import FlashAccess

/// Reads a bootloader's output: lines, the prompt, questions. Pure.
///
/// It works byte by byte and keeps at most one line, so that the same bytes give the same events however they are
/// split.
package struct LoaderText: Sendable {
    package enum Event: Sendable, Hashable {
        /// The known prompt, at the start of a line.
        case prompt
        /// The open line is a question.
        case question
        case sign(LoaderSign)
    }

    private let dialect: any LoaderDialect
    /// The prompt's exact bytes, if it is known.
    private let prompt: [UInt8]?
    private var line = OpenLine()

    /// The longest line that may show something before it ends.
    private static let openLimit = 160

    private var hasShown = false

    package init(_ dialect: any LoaderDialect, prompt: [UInt8]? = nil) {
        self.dialect = dialect
        self.prompt = prompt
    }

    /// The current, unfinished line.
    package var openLine: [UInt8] { line.bytes }

    /// Processes bytes and returns the events in them.
    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [Event] {
        var events: [Event] = []
        for byte in bytes { take(byte, &events) }
        return events
    }

    /// The open line, if it may be a prompt.
    package var promptCandidate: [UInt8]? {
        !openLine.isEmpty && openLine.count < Self.openLimit && dialect.isPrompt(ByteText(openLine[...]))
            ? openLine : nil
    }

    /// Whether the open line ends with the known prompt but has other text before it.
    package var endsWithPrompt: Bool { line.ends(with: prompt) }

    private mutating func take(_ byte: UInt8, _ events: inout [Event]) {
        let change = line.take(byte)
        if let ended = change.ended {
            let text = ByteText(ended[...]).trimmed
            if !text.isEmpty { events += dialect.signs(of: text).map { .sign($0) } }
            hasShown = false
        }
        if change.hasGrown { look(&events) }
    }

    /// Looks at the open line after it has grown.
    private mutating func look(_ events: inout [Event]) {
        if openLine == prompt { return events.append(.prompt) }
        guard openLine.count <= Self.openLimit else { return }
        let line = ByteText(openLine[...])
        if dialect.isQuestion(line) { return events.append(.question) }
        guard !hasShown, let sign = dialect.openSign(of: line) else { return }
        hasShown = true
        events.append(.sign(sign))
    }
}
