private import BoardConsoles
import FlashAccess

/// Detects from console output what runs and what happens: a start, a countdown, a prompt, a crash. Pure.
///
/// It works byte by byte and keeps at most one line, so that the same bytes give the same events however they are
/// split.
package struct UBootConsoleText: Sendable {
    package enum Event: Sendable, Hashable {
        /// U-Boot starts. If this happens during an operation, the board was reset.
        case banner(UBootVersion)
        /// A startup line that describes the board: `Board`, `Model`, `CPU`, `DRAM`, `Flash`, `NAND`, `SF`.
        case fact(label: String, value: String)
        /// The stored environment is damaged, and the built-in defaults apply.
        case defaultEnvironment
        /// It waits for a key.
        case stopPrompt(UBootStopPrompt)
        /// It may wait for a key, in words that are not known.
        case likelyStopPrompt(String)
        /// A menu whose digits may write flash; with the digit for the command line, if the menu names it.
        case menu(commandLineKey: UInt8?)
        /// It asks for a password.
        case passwordPrompt(String)
        /// The known prompt, at the start of a line.
        case prompt
        /// An unknown command; its name, if printed.
        case unknownCommand(String?)
        /// `** Too many args (max. 16) **`.
        case tooManyArguments
        /// `<INTERRUPT>`: ^C was accepted.
        case interrupted
        /// The bell: the line is full and was truncated.
        case bell
        /// The board resets itself, or asks to be reset.
        case reset(String)
        /// A processor exception; most boards, but not all, then reset.
        case exception(String)
        /// It waits for Enter at another rate: `## Switch baudrate to 921600 bps and press ENTER ...`.
        case rateChange(Int)
        /// Standard input or output is the network.
        case networkConsole(String)
        /// The system starts, and U-Boot ends.
        case systemStart(String)
        /// Bytes that do not occur in text, usually because of a different rate.
        case garbage
    }

    /// The prompt, if it is known: its exact bytes, such as `=> `.
    package var prompt: [UInt8]?

    /// The current, unfinished line without control characters, at most ``lineLimit`` bytes.
    package private(set) var openLine: [UInt8] = []

    /// The most bytes kept of a line.
    static let lineLimit = 1024
    /// The most bytes of a prompt. U-Boot's own buffers limit it to less.
    private static let promptLimit = 200

    private var isCut = false
    /// Whether the previous line ends with U-Boot's own answer to ^C: the open line is then its prompt.
    private var wasInterrupted = false
    private var isReturned = false
    private var hasPrompted = false
    private var escapes = EscapeSequences()
    private var isInMenu = false
    private var lastStop: UBootStopPrompt?
    private var hasStopped = false
    /// Whether the open line asked for a password.
    private var hasAsked = false
    /// Whether the open line contains the word `boot`; without it, it is not a countdown.
    private var namesBoot = false
    /// One bit for each of the last 32 bytes: set if the byte does not occur in text.
    private var odd: UInt32 = 0
    private var isGarbage = false

    package init(prompt: [UInt8]? = nil) {
        self.prompt = prompt
    }

    /// Processes bytes and returns the events in them.
    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [Event] {
        var events: [Event] = []
        for byte in bytes { take(byte, &events) }
        return events
    }

    /// The open line if it may be a prompt: short, and with the ending of one. Only silence and the answer to a command
    /// can confirm it, because `Bank # ` of `flinfo` looks the same for a moment.
    package var promptCandidate: [UInt8]? {
        // `>`, `BOOT:` or a whole sentence: what follows the answer to ^C needs no known ending.
        if wasInterrupted, !isCut, (1...Self.promptLimit).contains(openLine.count),
            !Self.isPassword(ByteText(openLine[...]))
        {
            return openLine
        }
        guard !isCut, (2...48).contains(openLine.count), openLine.first != 0x20, !isContinuation else { return nil }
        let hasBlank = openLine.last == 0x20
        guard let mark = hasBlank ? openLine.dropLast().last : openLine.last else { return nil }
        // `anyka$` and `s12#` have no blank at their end; of what ends with a colon, only prompts have one.
        guard [0x3E, 0x23, 0x24].contains(mark) || mark == 0x3A && hasBlank else { return nil }
        // Questions end with a colon, too.
        return mark == 0x3A && UBootConsoleText.isPassword(ByteText(openLine[...])) ? nil : openLine
    }

    /// Whether the open line ends with the known prompt but has other text before it: some errors print no line end.
    /// This is reliable only after silence.
    package var endsWithPrompt: Bool {
        guard let prompt, !prompt.isEmpty, openLine.count > prompt.count else { return false }
        return openLine.suffix(prompt.count).elementsEqual(prompt)
    }

    /// Whether hush waits for the rest of a command, because a quote is open: `> `.
    package var isContinuation: Bool { openLine == [0x3E, 0x20] }

    /// Takes note of a pause in the output, and returns the event in a line that stands without an end: many countdowns
    /// are one line, without a blank or colon behind the words that show what it is.
    package mutating func pause() -> [Event] {
        let line = ByteText(openLine[...])
        guard !hasStopped, openLine.count <= 200, !line.trimmed.isEmpty else { return [] }
        var events: [Event] = []
        if namesBoot, let stop = UBootStopPrompt(line: line, isWhole: true), !stop.keys.isEmpty {
            hasStopped = true
            note(stop, &events)
        } else if UBootStopPrompt.isLikely(line) {
            events.append(.likelyStopPrompt(line.trimmed.string(limit: 120)))
        }
        return events
    }

    private mutating func take(_ byte: UInt8, _ events: inout [Event]) {
        watchRate(byte, &events)
        guard !escapes.take(byte) else { return }
        switch byte {
        case 0x0A: endLine(&events)
        case 0x0D: isReturned = true
        case 0x08:
            if !openLine.isEmpty { openLine.removeLast() }
        case 0x07: events.append(.bell)
        case 0x00..<0x20 where byte != 0x09: break
        case 0x7F: break
        default:
            // After CR without LF the line is overwritten.
            if isReturned { endLine(&events) }
            append(byte, &events)
        }
    }

    private mutating func append(_ byte: UInt8, _ events: inout [Event]) {
        guard openLine.count < Self.lineLimit else {
            isCut = true
            return
        }
        openLine.append(byte)
        if byte | 0x20 == 0x74, openLine.suffix(4).elementsEqual("boot".utf8, by: { $0 | 0x20 == $1 }) {
            namesBoot = true
        }
        if let prompt, !hasPrompted, openLine == prompt {
            hasPrompted = true
            isInMenu = false
            lastStop = nil
            events.append(.prompt)
        }
        // Text that waits for input has no line end, so check it wherever a word or a label ends.
        guard openLine.count <= 200, byte == 0x3A || byte == 0x20 else { return }
        let line = ByteText(openLine[...])
        if namesBoot, !hasStopped, let stop = UBootStopPrompt(line: line, isWhole: false) {
            hasStopped = true
            note(stop, &events)
        }
        if byte == 0x3A, !hasAsked, Self.isPassword(line) {
            hasAsked = true
            events.append(.passwordPrompt(line.string(limit: 80)))
        }
    }

    private mutating func note(_ stop: UBootStopPrompt, _ events: inout [Event]) {
        // A countdown that rewrites its line repeats the text.
        if let lastStop, lastStop.keys == stop.keys { return }
        lastStop = stop
        events.append(.stopPrompt(stop))
    }

    private mutating func endLine(_ events: inout [Event]) {
        let line = ByteText(openLine[...])
        if !line.trimmed.isEmpty {
            wasInterrupted = line.trimmed.hasSuffix("<INTERRUPT>")
            classify(line, &events)
        }
        openLine = []
        isCut = false
        isReturned = false
        hasPrompted = false
        hasStopped = false
        hasAsked = false
        namesBoot = false
    }

    private mutating func classify(_ line: ByteText, _ events: inout [Event]) {
        let text = line.trimmed
        // Skip lines of memory dumps: they are most of the output, and contain none of these events.
        if let colon = line.bytes.prefix(19).firstIndex(of: 0x3A), colon - line.bytes.startIndex >= 8,
            ByteText(line.bytes[..<colon]).address != nil
        {
            return
        }
        if let version = UBootVersion(line: text), !text.hasPrefix("##") {
            isInMenu = false
            lastStop = nil
            events.append(.banner(version))
            return
        }
        if !hasStopped { stopPrompt(line, text, &events) }
        if let event = Self.event(text) { events.append(event) }
        menu(text, &events)
    }

    private mutating func stopPrompt(_ line: ByteText, _ text: ByteText, _ events: inout [Event]) {
        let stop = namesBoot ? UBootStopPrompt(line: line, isWhole: true) : nil
        // `Enter password - autoboot in 5 sec...` (`configs/MCR3000_defconfig`), `Enter passphrase to stop autoboot, …`
        // (`configs/bk4r1_defconfig`): no other key stops it.
        let asks = ["enter password", "enter passphrase"].contains(where: text.lowercased.hasPrefix)
        if namesBoot, stop?.keys.isEmpty ?? true, asks {
            if !hasAsked { events.append(.passwordPrompt(text.string(limit: 80))) }
        } else if let stop {
            note(stop, &events)
        } else if UBootStopPrompt.isLikely(line) {
            events.append(.likelyStopPrompt(text.string(limit: 120)))
        }
    }

    /// Recognizes Ralink's and MediaTek's menu: `   4: Entr boot command line interface.`
    private mutating func menu(_ text: ByteText, _ events: inout [Event]) {
        let lower = text.lowercased
        if lower.hasPrefix("please choose the operation") || lower.contains("boot menu") {
            isInMenu = true
            events.append(.menu(commandLineKey: nil))
        } else if isInMenu, let key = lower.bytes.first, (0x30...0x39).contains(key),
            lower.bytes.dropFirst().first == 0x3A, lower.contains("command line")
        {
            events.append(.menu(commandLineKey: key))
        }
    }

    private static func event(_ text: ByteText) -> Event? {
        if text.hasSuffix("<INTERRUPT>") { return .interrupted }
        // `Unknown command !` is Realtek's loader.
        if let rest = text.dropping("Unknown command"), rest.trimmed != ByteText("!") {
            let name = rest.after("'")?.before("'")?.string(limit: 80)
            return .unknownCommand(name)
        }
        if text.hasPrefix("** Too many args") { return .tooManyArguments }
        if text.contains("bad CRC, using default environment") || text == ByteText("Using default environment") {
            return .defaultEnvironment
        }
        let lower = text.lowercased
        for words in ["resetting cpu", "resetting ...", "please reset the board", "resetting the board"]
        where lower.contains(words) {
            return .reset(text.string(limit: 80))
        }
        for words in [
            "data abort", "prefetch abort", "undefined instruction", "software interrupt", "ooops:",
            "\"synchronous abort\"", "\"error\" handler", "machine check", "bad trap", "unhandled exception",
        ]
        where lower.hasPrefix(words) {
            return .exception(text.string(limit: 80))
        }
        if var rest = text.dropping("## Switch baudrate to "), let rate = rest.takeDecimal() {
            return .rateChange(rate)
        }
        if let event = systemStart(text) { return event }
        return label(text)
    }

    private static func systemStart(_ text: ByteText) -> Event? {
        for words in ["Starting kernel ...", "Linux version ", "## Starting application", "Booting Linux on"]
        where text.hasPrefix(words) || text.contains("] " + words) {
            return .systemStart(text.string(limit: 80))
        }
        return nil
    }

    private static func label(_ text: ByteText) -> Event? {
        guard let label = text.before(":"), let value = text.after(":")?.trimmed, !value.isEmpty else { return nil }
        switch label.string(limit: 16) {
        case "Board", "Model", "CPU", "SoC", "DRAM", "Flash", "NAND", "SF", "Machine":
            return .fact(label: label.string(), value: value.string(limit: 120))
        case "In", "Out", "Err":
            let devices = value.split(0x2C, most: 16)
            return devices.contains(ByteText("nc")) ? .networkConsole(text.string(limit: 80)) : nil
        default: return nil
        }
    }

    /// Whether a line asks for a password: `PASSWD :`, `Password:`, `Enter password:`.
    private static func isPassword(_ line: ByteText) -> Bool {
        // Vendors frame it: `### Please input uboot password: ###`.
        let words = line.lowercased.words.filter { !$0.bytes.allSatisfy { [0x23, 0x2A, 0x2D, 0x3D].contains($0) } }
        guard let first = words.first, line.bytes.last == 0x3A || line.bytes.last == 0x20 else { return false }
        let isRequest = ["enter", "please", "input", "type"].contains { first.hasPrefix($0) }
        guard words.count <= (isRequest ? 12 : 5) else { return false }
        return words.contains { word in
            ["password", "passwd", "passphrase", "pwd"].contains { word.hasPrefix($0) }
        }
    }

    /// Reports garbage if at least a third of 32 bytes cannot be text, because the line then has another rate.
    private mutating func watchRate(_ byte: UInt8, _ events: inout [Event]) {
        let isText =
            switch byte {
            case 0x03, 0x06...0x0D, 0x15, 0x18, 0x1B, 0x20...0x7E: true
            default: false
            }
        odd = odd << 1 | (isText ? 0 : 1)
        if !isGarbage, odd.nonzeroBitCount >= 11 {
            isGarbage = true
            events.append(.garbage)
        } else if isGarbage, odd == 0 {
            isGarbage = false
        }
    }
}
