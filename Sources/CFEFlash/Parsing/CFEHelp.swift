package import FlashAccess

/// The commands that a CFE lists in its help (`ui/ui_command.c`, cmd_showcommands): a name of one or two words in a column
/// of its own, and what it does.
package struct CFEHelp: Sendable, Hashable {
    /// Name → what it does.
    package let commands: [String: String]

    /// nil if the reply lists nothing.
    package init?(_ reply: ConsoleReply) {
        var commands: [String: String] = [:]
        for line in reply.lines {
            guard commands.count < 400, line.bytes.first != 0x20, let name = line.before("  "), !name.isEmpty,
                name.bytes.count <= 24, name.words.count <= 2
            else { continue }
            commands[name.string()] = line.after("  ")?.trimmed.string(limit: 120) ?? ""
        }
        guard commands["help"] != nil else { return nil }
        self.commands = commands
    }

    package func has(_ name: String) -> Bool { commands[name] != nil }

    /// Whether `d` prints memory. On BCM63xx a `d` downloads.
    package var dumpsWithD: Bool { commands["d"]?.lowercased().contains("dump") == true }
}
