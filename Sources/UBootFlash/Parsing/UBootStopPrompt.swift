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
        let stops = ["stop auto", "abort auto", "stop boot", "abort boot", "to stop", "to abort", "to interrupt"]
        let namesStop = stops.contains(where: text.contains)
        let isAutoboot = text.contains("autoboot") || text.contains("auto boot") || text.contains("auto-boot")
        let isBoot = isAutoboot || text.contains("booting") || text.contains("boot process")
        guard namesStop && isBoot || isWhole && isAutoboot && (text.contains("second") || text.contains("noautoboot"))
        else { return nil }
        // Not text of a script or a variable about booting.
        guard !text.contains("autoboot="), !text.contains("unknown command") else { return nil }
        keys = Self.keys(line, text)
        // A line that names no key yet may still do so before it ends.
        guard !keys.isEmpty || isWhole else { return nil }
        self.text = line.string(limit: 200)
    }

    private static func keys(_ line: ByteText, _ text: ByteText) -> [[UInt8]] {
        let space: [UInt8] = [0x20]
        let interrupt: [UInt8] = [0x03]
        let escape: [UInt8] = [0x1B]
        if let word = quoted(line) {
            switch ByteText(word[...]).lowercased.string() {
            case "<esc><esc>", "esc esc": return [escape + escape]
            case "<esc>", "esc": return [escape]
            case "<space>", "space": return [space]
            case "ctrl-c", "ctrl+c", "^c", "<ctrl-c>": return [interrupt]
            default: break
            }
            // A word to type: `s`, `gl`, `noautoboot`. A single digit would be a menu's.
            let isWord = word.allSatisfy { (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
            return isWord && (1...16).contains(word.count) ? [word] : []
        }
        // HiSilicon and XM print `any key` but accept only ^C, which stops the others as well.
        if text.contains("any key") { return [space, interrupt] }
        if text.contains("<esc><esc>") || text.contains("esc twice") || text.contains("esc esc") {
            return [escape + escape]
        }
        if text.contains("ctrl-c") || text.contains("ctrl+c") || text.contains("^c") { return [interrupt] }
        if text.contains("esc") { return [escape] }
        if text.contains("space") { return [space] }
        // TP-Link prints `Autobooting in 1 seconds` without the key.
        if text.trimmed.hasPrefix("autobooting in "), text.trimmed.hasSuffix("seconds") { return [Array("tpl".utf8)] }
        return []
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
