private import BoardConsoles
import FlashAccess

/// Detects from console output what RedBoot does: a start, a countdown, a prompt, a question. Pure.
///
/// It works byte by byte and keeps at most one line, so that the same bytes give the same events however they are
/// split.
package struct RedBootConsoleText: Sendable {
    package enum Event: Sendable, Hashable {
        /// RedBoot starts. If this happens during an operation, the board was reset. `version` prints the same.
        case banner
        /// It waits for an answer to BOOTP or DHCP, before its banner.
        case waitsForNetwork
        /// Its boot script runs soon, unless ^C comes. The line itself.
        case countdown(String)
        /// The known prompt, at the start of a line.
        case prompt
        /// The open line asks for `y` or `n`.
        case question
        /// `** Error: Illegal command: "…"`.
        case illegalCommand
        /// `... Resetting.`
        case reset(String)
        /// It starts a system, with this line, and is gone.
        case systemStart(String)
    }

    /// The prompt, if it is known: its exact bytes, such as `RedBoot> `.
    package var prompt: [UInt8]?
    private var line = OpenLine()

    /// The prompts of eCos (`CYGDAT_REDBOOT_CUSTOM_PROMPT` changes it) and of DD-WRT's builds.
    static let prompts = ["RedBoot> ", "DD-WRT> "].map { Array($0.utf8) }
    /// The end of every question (`redboot/current/src/ui.c`, _verify_action).
    static let questionEnd = Array("(y/n)? ".utf8)
    /// The start of the banner. It is longer than the 16 characters that a line of a dump shows.
    private static let banner = "RedBoot(tm) bootstrap and debug environment"

    package init(prompt: [UInt8]? = nil) {
        self.prompt = prompt
    }

    /// The current, unfinished line without control characters.
    package var openLine: [UInt8] { line.bytes }

    /// Processes bytes and returns the events in them.
    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [Event] {
        var events: [Event] = []
        for byte in bytes { take(byte, &events) }
        return events
    }

    /// The prompt at the end of the open line, if there is one. Over telnet there is no echo, not even of Enter, so
    /// several prompts may stand in one line.
    package var promptCandidate: [UInt8]? {
        Self.prompts.first { openLine.suffix($0.count).elementsEqual($0) }
    }

    /// Whether the open line ends with the known prompt but has other text before it.
    package var endsWithPrompt: Bool { line.ends(with: prompt) }

    private mutating func take(_ byte: UInt8, _ events: inout [Event]) {
        let change = line.take(byte)
        if let ended = change.ended, let event = Self.event(ByteText(ended[...]).trimmed) { events.append(event) }
        guard change.hasGrown else { return }
        guard byte == 0x20 || byte == prompt?.last else { return }
        if let prompt, openLine == prompt {
            events.append(.prompt)
        } else if asks {
            events.append(.question)
        }
    }

    /// Whether the open line ends with a question. The characters of a dump may hold the same words: RedBoot's own code
    /// does.
    package var asks: Bool {
        guard openLine.suffix(Self.questionEnd.count).elementsEqual(Self.questionEnd) else { return false }
        return openLine.count < 9 || openLine[8] != 0x3A || ByteText(openLine[..<8]).address == nil
    }

    private static func event(_ text: ByteText) -> Event? {
        guard !text.isEmpty else { return nil }
        if text.hasPrefix(banner) { return .banner }
        // The serial driver's `+` may stand before it.
        if text.contains("... waiting for BOOTP") { return .waitsForNetwork }
        if text.hasPrefix("== Executing boot script in"), text.contains("enter ^C to abort") {
            return .countdown(text.string(limit: 120))
        }
        if text.hasPrefix("** Error: Illegal command:") { return .illegalCommand }
        if text.hasPrefix("... Resetting.") { return .reset(text.string(limit: 80)) }
        for words in [
            "Linux version ", "Uncompressing Linux", "Now booting linux kernel:", "Starting kernel ...",
            "Booting Linux on",
        ]
        where text.hasPrefix(words) || text.contains("] " + words) {
            return .systemStart(text.string(limit: 80))
        }
        return nil
    }
}
