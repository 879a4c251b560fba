package import FlashAccess

/// The commands that a RedBoot lists: `help`, and `help fis`.
///
/// Each has a line of description, then its name and usage: behind three blanks, or two for those of `fis`
/// (`redboot/current/src/main.c`, show_help; `flash.c`, fis_usage). Further lines of the usage have more blanks.
package struct RedBootHelp: Sendable, Hashable {
    /// Name → usage, in one line. Those of `fis` are named `fis write`.
    package private(set) var commands: [String: String] = [:]

    /// The length in bytes from which on a usage takes no more lines; real ones have 200.
    private static let mostUsage = 1_000

    /// nil if the reply lists no command.
    package init?(_ reply: ConsoleReply) {
        var last: String?
        for line in reply.lines {
            let blanks = line.bytes.prefix { $0 == 0x20 }.count
            let words = line.words
            guard let first = words.first else { continue }
            switch blanks {
            case 3 where Self.isName(first):
                last = first.string()
            case 2 where words.count > 1 && first == ByteText("fis") && Self.isName(words[1]):
                last = "fis \(words[1].string())"
            case 4... where last != nil: break
            default: last = nil
            }
            guard let last, commands.count <= 200 else { continue }
            let text = line.trimmed.string()
            guard let usage = commands[last] else {
                commands[last] = text
                continue
            }
            if usage.utf8.count < Self.mostUsage { commands[last] = "\(usage) \(text)" }
        }
        guard !commands.isEmpty else { return nil }
    }

    private static func isName(_ word: ByteText) -> Bool {
        (1...24).contains(word.bytes.count)
            && word.bytes.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    /// Whether a command is listed: `cksum`, `fis unlock`.
    package func has(_ name: String) -> Bool { commands[name] != nil }

    /// Whether a command's usage names an option: `-c`.
    package func has(_ name: String, option: String) -> Bool {
        commands[name].map { usage in
            usage.split { " []|".contains($0) }.contains { $0 == option }
        } == true
    }
}
