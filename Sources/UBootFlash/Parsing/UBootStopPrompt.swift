import FlashAccess

/// The text that a bootloader prints while it waits for a key before starting the system, and that key.
///
/// Only keys named in the text are reported, except for two forms that name none. Digits of menus are never guessed: in
/// Ralink's and MediaTek's, 2, 7 and 9 write flash.
package struct UBootStopPrompt: Sendable, Hashable {
    /// The line as printed, up to the point where it was recognized.
    package var text: String
    /// The keys to send, best first; each is harmless at a prompt. Empty if the text names none.
    package var keys: [[UInt8]]

    /// Parses a line, which may be incomplete; nil if it does not wait for a key.
    init?(line: ByteText, isWhole: Bool) {
        guard (8...200).contains(line.bytes.count) else { return nil }
        let text = line.lowercased
        // A countdown says what to stop: "stop autoboot", "abort autoboot", "stop booting"; "stop auto run" is CFE's.
        // `Press Ctrl-C in next 3 seconds to enter u-boot prompt...` says what comes instead.
        let enters = ["enter u-boot", "enter uboot"].contains(where: text.contains)
        let stops = ["stop auto", "abort auto", "stop boot", "abort boot", "to stop", "to abort", "interrupt"]
        let namesStop = enters || stops.contains(where: text.contains)
        let isAutoboot = text.contains("autoboot") || text.contains("auto boot") || text.contains("auto-boot")
        let isBoot =
            isAutoboot || enters || text.contains("booting") || text.contains("boot process")
            || ["stop boot", "abort boot", "interrupt boot"].contains(where: text.contains)
        guard namesStop && isBoot || isWhole && isAutoboot && (text.contains("second") || text.contains("noautoboot"))
        else { return nil }
        // Not text of a script or a variable about booting.
        guard !text.contains("autoboot="), !text.contains("unknown command") else { return nil }
        keys = Self.keys(line, text)
        // A line that names no key yet may still do so before it ends.
        guard !keys.isEmpty || isWhole else { return nil }
        self.text = line.string(limit: 200)
    }

    /// Whether a line that no key could be taken from looks like a request for one all the same: it begins as such
    /// lines do, and mentions a key, a time or what comes then. Only for a message.
    static func isLikely(_ line: ByteText) -> Bool {
        guard (8...200).contains(line.bytes.count) else { return false }
        let text = line.trimmed.lowercased
        guard !text.contains("="), !text.contains("passw"), !text.contains("to activate this console"),
            let first = text.words.first(where: { $0 != ByteText("please") })
        else { return false }
        let asks = ["hit", "press", "push", "type", "enter"].contains { first == ByteText($0) }
        let counts = ["boot", "booting", "autoboot", "auto-boot", "autobooting"].contains { first == ByteText($0) }
        let signs = [
            " second", " sec", " key", "ctrl", "esc", " within ", " to enter ", " to stop", " to abort", "menu",
        ]
        return asks && signs.contains(where: text.contains) || counts && text.contains(" sec")
    }

    private static let space: [UInt8] = [0x20]
    private static let interrupt: [UInt8] = [0x03]
    private static let escape: [UInt8] = [0x1B]
    private static let enter: [UInt8] = [0x0D]
    /// DEL, and what a terminal's key of that name sends (ECMA-48, VT220).
    private static let delete: [[UInt8]] = [[0x7F], [0x1B, 0x5B, 0x33, 0x7E]]

    private static func keys(_ line: ByteText, _ text: ByteText) -> [[UInt8]] {
        // `Press 'f' then 'b' to stop autoboot`.
        if let first = quoted(line), let rest = text.after(" then "), let second = quoted(rest),
            let keys = key(first), let others = key(second)
        {
            return [keys + others]
        }
        if let word = quoted(line) ?? bracketed(line) {
            if ["del", "delete"].contains(ByteText(word[...]).lowercased.string()) { return delete }
            return key(word).map { [$0] } ?? []
        }
        if let key = control(text) { return [Array(repeatElement(key, count: times(text)))] }
        // HiSilicon and XM print `any key` but accept only ^C, which stops the others as well.
        if text.contains("any key") { return [space, interrupt] }
        if text.contains("esc twice") || text.contains("esc esc") { return [escape + escape] }
        if text.contains("esc") { return [escape] }
        if text.contains("space") { return [space] }
        if ["hit enter", "press enter", "enter key", "hit return", "press return", "return key"]
            .contains(where: text.contains)
        {
            return [enter]
        }
        // `Press DEL to abort autoboot`.
        if ["hit del", "press del"].contains(where: text.contains) { return delete }
        // TP-Link prints `Autobooting in 1 seconds` or `Enter magic string to stop autoboot in 1 seconds`, without the
        // string.
        let isTPLink = text.trimmed.hasPrefix("autobooting in ") && text.trimmed.hasSuffix("seconds")
        if isTPLink || text.contains("magic string") { return [Array("tpl".utf8)] }
        return []
    }

    /// The key that a word in quotes or brackets names, or the word itself if it is to be typed.
    private static func key(_ word: [UInt8]) -> [UInt8]? {
        let text = ByteText(word[...]).lowercased
        switch text.string() {
        case "<esc><esc>", "esc esc": return escape + escape
        case "<esc>", "esc", "escape": return escape
        case "<space>", "space", " ": return space
        case "<enter>", "enter", "return": return enter
        default: break
        }
        if let key = control(text) { return [key] }
        // A word to type: `s`, `gl`, `noautoboot`. A single digit would be a menu's.
        let isWord = word.allSatisfy { (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
        return isWord && (1...16).contains(word.count) ? word : nil
    }

    /// `Ctrl-C`, `Ctrl+u`, `ctrl c`, `^d`, `\^d`: the control character.
    private static func control(_ text: ByteText) -> UInt8? {
        for name in ["control", "ctrl", "^"] {
            guard var rest = text.after(name) else { continue }
            for separator in ["-", "+", " "] where name != "^" && rest.take(separator) { break }
            guard let letter = rest.bytes.first, (0x61...0x7A).contains(letter) else { continue }
            // A word that goes on is no letter.
            if let next = rest.bytes.dropFirst().first, (0x61...0x7A).contains(next) { continue }
            return letter - 0x60
        }
        return nil
    }

    /// `Hit 5 times Ctrl+u`, `Press Ctrl-C twice`: how often, at most 10.
    private static func times(_ text: ByteText) -> Int {
        if text.contains(" twice") { return 2 }
        guard let count = text.before(" times")?.words.last?.decimal, (1...10).contains(count) else { return 1 }
        return count
    }

    /// The text in the first pair of angle or square brackets: `<s>`, `[f]`; with two pairs of angle brackets side by
    /// side, both.
    private static func bracketed(_ line: ByteText) -> [UInt8]? {
        if line.lowercased.contains("<esc><esc>") { return Array("<esc><esc>".utf8) }
        for (open, close) in [("<", ">"), ("[", "]")] {
            if let word = line.after(open)?.before(close), (1...16).contains(word.bytes.count) {
                return Array(word.bytes)
            }
        }
        return nil
    }

    /// The text in the first pair of quotes, single or double.
    private static func quoted(_ line: ByteText) -> [UInt8]? {
        guard let start = line.bytes.firstIndex(where: { $0 == 0x22 || $0 == 0x27 || $0 == 0x60 }) else { return nil }
        let mark = line.bytes[start] == 0x60 ? 0x27 : line.bytes[start]
        let rest = line.bytes[(start + 1)...]
        guard let end = rest.firstIndex(of: mark), end > rest.startIndex else { return nil }
        return Array(rest[..<end])
    }
}
