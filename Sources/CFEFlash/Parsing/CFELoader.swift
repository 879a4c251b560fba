package import FlashAccess
package import LoaderConsoles

/// What the console of Broadcom's CFE prints and takes.
package struct CFELoader: LoaderDialect {
    /// The name of the dialect.
    package static let loaderName = "CFE"

    package init() {}

    package var name: String { Self.loaderName }

    /// `CFE> ` (`main/cfe_main.c`, cfe_command_loop), `CFE_RAM> `, or what the variable PROMPT says, which ends alike.
    package func isPrompt(_ line: ByteText) -> Bool {
        line.bytes.count <= 40 && line.hasSuffix("> ") && line.bytes.first != 0x20
    }

    package func signs(of line: ByteText) -> [LoaderSign] {
        if let status = line.dropping("*** command status = ") {
            // `-6` is an error, 1 is usual behind `dn`.
            let digits = status.dropping("-")
            guard let number = (digits ?? status).decimal else { return [] }
            return [.ended(status: digits == nil ? number : -number)]
        }
        // `ui/ui_command.c`, cmd_lookup.
        if line.hasPrefix("Invalid command: \"") { return [.unknownCommand] }
        if let banner = Self.banner(line) { return [.starts(banner)] }
        if let countdown = Self.countdown(line) { return [countdown] }
        // A script runs; CFE of BCM47xx prints nothing else that can be stopped.
        for words in ["Starting program at 0x", "Closing network.", "Linux version "] where line.hasPrefix(words) {
            return [.startsSystem(line.string(limit: 80))]
        }
        return []
    }

    /// `CFE version 1.0.37-106.14 for BCM96362 (32bit,SP,BE)`, `CFE for WNR3500L version: v1.0.36`, as logs of owners have
    /// them (`bcm63xx_ram/src/bcm63xx_main.c`, cfe_say_hello).
    static func banner(_ line: ByteText) -> String? {
        let isOurs =
            line.hasPrefix("CFE version ") && line.contains(" for ")
            || line.hasPrefix("CFE for ") && line.contains(" version: ")
        return isOurs ? line.string(limit: 100) : nil
    }

    /// The words of the countdown of BCM63xx (`bcm63xx_ram/src/bcm63xx_cmd.c`, runDelay), and of the lines that the CFE of
    /// BCM47xx prints before its script runs, which ^C stops.
    ///
    /// Any character stops the first one, and ^C is the one that does nothing at the prompt. A letter is sent only if it
    /// is named: letters are commands, which write flash.
    private static func countdown(_ line: ByteText) -> LoaderSign? {
        let text = line.string(limit: 120)
        if line.hasPrefix("***"), line.contains(" to stop auto run") {
            let interrupt = [UInt8](arrayLiteral: 0x03)
            guard let key = line.after("Press '")?.before("'"), key.bytes.count == 1, let letter = key.bytes.first,
                (0x61...0x7A).contains(letter)
            else {
                return line.contains("any key")
                    ? .countsDown(keys: [[UInt8]](repeating: interrupt, count: Self.patience), text: text) : nil
            }
            return .countsDown(keys: [[UInt8]](repeating: [letter], count: Self.patience), text: text)
        }
        for words in ["Init Arena", "Init Devs.", "Boot partition size = ", "Device eth0:  hwaddr "]
        where line.hasPrefix(words) {
            return .countsDown(keys: [[UInt8]](repeating: [0x03], count: Self.patience), text: text)
        }
        return nil
    }

    /// How often a key is sent at most, half of it: a countdown of a tenth of a second is easily missed.
    private static let patience = 12

    /// ^U and ^C: with line editing, ^C alone leaves the length of the old line as it was, and what is typed next would
    /// be inserted before its rest (`main/cfe_console.c`, console_readline).
    package func clearing(typed: Int) -> [[UInt8]] { [[0x15, 0x03]] }

    /// `^C`, as CFE prints it.
    package func isCleared(_ reply: ConsoleReply) -> Bool {
        reply.lines.contains { $0.trimmed.hasSuffix("^C") }
    }
}
