package import FlashAccess
package import LoaderConsoles

/// What the console of barebox prints and takes.
package struct BareboxLoader: LoaderDialect {
    /// The name of the dialect.
    package static let loaderName = "barebox"

    package init() {}

    package var name: String { Self.loaderName }

    /// `barebox@Sandbox:/ ` (recordings), with colours, or `barebox:/ `; what is configured instead ends with the folder,
    /// too (`common/hush.c`, getprompt).
    package func isPrompt(_ line: ByteText) -> Bool {
        guard line.bytes.count <= 120, line.hasSuffix(" "), line.bytes.first != 0x20 else { return false }
        return line.hasSuffix(":/ ")
            || (line.hasPrefix("barebox@") || line.hasPrefix("barebox:")) && line.contains(":/")
    }

    package func signs(of line: ByteText) -> [LoaderSign] {
        // `common/hush.c`, run_pipe_real; a program of Linux would say it with a small letter.
        if line.hasSuffix(": Command not found") { return [.unknownCommand] }
        if let banner = Self.banner(line) { return [.starts(banner)] }
        // `common/boot.c`, boot_entry, and `common/blspec.c`, blspec_boot; the kernel itself.
        for words in ["Booting entry '", "booting ", "Linux version "] where line.hasPrefix(words) {
            guard !line.contains(" failed") else { return [] }
            return [.startsSystem(line.string(limit: 80))]
        }
        return []
    }

    /// `barebox 2026.06.0 #1 Tue Dec 1 08:45:06 UTC 2026` (`common/version.c`, barebox_banner). The reply to `version` has
    /// the configuration behind it, on boards where that is known.
    private static func banner(_ line: ByteText) -> String? {
        guard let rest = line.dropping("barebox "), let year = ByteText(rest.bytes.prefix(4)).decimal,
            (2007...2199).contains(year), rest.contains(" #")
        else { return nil }
        return line.string(limit: 100)
    }

    /// `Hit any to stop autoboot:    3`, whose number is rewritten (`common/startup.c`, do_autoboot_countdown;
    /// `common/console_countdown.c`).
    ///
    /// Ctrl-D stops without the hooks that bring up the network; where any key stops, it does, too. With `ctrl-c`
    /// configured only that does, or the one character that is named. Earlier ones say `any key`, which are the words of
    /// U-Boot: the key that stops that one stops them, too.
    package func openSign(of line: ByteText) -> LoaderSign? {
        guard line.hasPrefix("Hit "), let words = line.dropping("Hit ")?.before(" to stop autoboot: ") else {
            return nil
        }
        let text = line.string(limit: 60)
        let key = words.after(" or ") ?? words
        if key == ByteText("any") { return .countsDown(keys: [[0x04]], text: text) }
        if key == ByteText("ctrl-c") { return .countsDown(keys: [[0x03]], text: text) }
        // `m` opens a menu.
        guard key.bytes.count == 1, let letter = key.bytes.first, letter > 0x20, letter < 0x7F, letter != 0x6D else {
            return nil
        }
        return .countsDown(keys: [[letter]], text: text)
    }

    package func clearing(typed: Int) -> [[UInt8]] { [[0x03]] }

    /// `<INTERRUPT>`, as barebox prints ^C.
    package func isCleared(_ reply: ConsoleReply) -> Bool {
        reply.lines.contains { $0.trimmed.hasSuffix("<INTERRUPT>") }
    }
}
