package import FlashAccess
package import LoaderConsoles

/// What the console of Realtek's bootloader for RTL8186 to RTL8198 prints and takes. Its sources are in several vendors'
/// releases (Edimax BR-6528n and others: `boot/monitor.c`, `boot/utility.c`, `boot/main.c`).
package struct RealtekLoader: LoaderDialect {
    /// The name of the dialect.
    package static let loaderName = "Realtek's loader"
    /// The prompt of all builds (`monitor.c`, MAIN_PROMPT).
    package static let prompt = "<RealTek>"

    package init() {}

    package var name: String { Self.loaderName }

    package func isPrompt(_ line: ByteText) -> Bool { line == ByteText(Self.prompt) }

    package func signs(of line: ByteText) -> [LoaderSign] {
        let text = line.string(limit: 120)
        // `monitor.c`, monitor.
        if line == ByteText("Unknown command !") { return [.unknownCommand] }
        // `main.c`, showBoardInfo. ESC stops it from here on until it jumps.
        if line.hasPrefix("---RealTek("), line.contains(")at ") || line.contains(") at ") {
            return [.starts(text), Self.countdown(text)]
        }
        for words in ["P0phymode=", "no sys signature at ", "check_image_header ", "---Ethernet init Okay!"]
        where line.hasPrefix(words) {
            return [Self.countdown(text)]
        }
        for words in ["Jump to image start=0x", "decompressing kernel:", "Linux version "] where line.hasPrefix(words) {
            return [.startsSystem(line.string(limit: 80))]
        }
        return []
    }

    /// It names no key. ESC is the one (`main.c`, user_interrupt).
    private static func countdown(_ text: String) -> LoaderSign {
        .countsDown(keys: [[UInt8]](repeating: [0x1B], count: 8), text: text)
    }

    /// `(Y)es , (N)o ? --> ` of FLR, and the questions of commands that write (`monitor.c`, CmdFlr, CmdSFlw, CmdSWB).
    package func isQuestion(_ line: ByteText) -> Bool {
        ["(Y)es , (N)o ? --> ", "(Y)es, (N)o->", "(Y)es , (N)o->"].contains { line == ByteText($0) }
    }

    /// Nothing discards a line but erasing it, and ^C is one of its characters. Some builds erase with DEL, and some with
    /// backspace, and each appends the other one (`utility.c`, GetLine): first as many DEL as there may be characters,
    /// then enough backspaces for those, too. What Enter then runs is empty, or a word that is no command. At a question,
    /// any of these is no.
    package func clearing(typed: Int) -> [[UInt8]] {
        // The line ends by itself at 128 characters.
        let most = min(max(typed, 8) + 4, 40)
        let keys = [UInt8](repeating: 0x7F, count: most) + [UInt8](repeating: 0x08, count: 2 * most)
        // Each is answered with three characters, and the receiver holds sixteen.
        return stride(from: 0, to: keys.count, by: 8).map { Array(keys[$0..<min($0 + 8, keys.count)]) } + [[0x0D]]
    }
}
