import BoardConsoles
import FlashAccess

/// Reads a bootloader's output: lines, the prompt, questions. Pure.
///
/// It works byte by byte and keeps at most one line, so that the same bytes give the same events however they are
/// split. Lines may end with CR LF, LF CR or either of them.
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
    /// The current, unfinished line without control characters and escape sequences, at most ``lineLimit`` bytes.
    package private(set) var openLine: [UInt8] = []

    /// The most bytes kept of a line.
    static let lineLimit = 1_024
    /// The longest line that may show something before it ends.
    private static let openLimit = 160

    private var isReturned = false
    private var hasShown = false
    private var escapes = EscapeSequences()

    package init(_ dialect: any LoaderDialect, prompt: [UInt8]? = nil) {
        self.dialect = dialect
        self.prompt = prompt
    }

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
    package var endsWithPrompt: Bool {
        guard let prompt, !prompt.isEmpty, openLine.count > prompt.count else { return false }
        return openLine.suffix(prompt.count).elementsEqual(prompt)
    }

    private mutating func take(_ byte: UInt8, _ events: inout [Event]) {
        guard !escapes.take(byte) else { return }
        switch byte {
        case 0x0A: endLine(&events)
        case 0x0D: isReturned = true
        case 0x08:
            if !openLine.isEmpty { openLine.removeLast() }
        case 0x00..<0x20 where byte != 0x09: break
        case 0x7F: break
        default:
            // After CR without LF the line is overwritten.
            if isReturned { endLine(&events) }
            append(byte, &events)
        }
    }

    private mutating func append(_ byte: UInt8, _ events: inout [Event]) {
        guard openLine.count < Self.lineLimit else { return }
        openLine.append(byte)
        if openLine == prompt { return events.append(.prompt) }
        guard openLine.count <= Self.openLimit else { return }
        let line = ByteText(openLine[...])
        if dialect.isQuestion(line) { return events.append(.question) }
        guard !hasShown, let sign = dialect.openSign(of: line) else { return }
        hasShown = true
        events.append(.sign(sign))
    }

    private mutating func endLine(_ events: inout [Event]) {
        let line = ByteText(openLine[...]).trimmed
        if !line.isEmpty { events += dialect.signs(of: line).map { .sign($0) } }
        openLine = []
        isReturned = false
        hasShown = false
    }
}
