package import FlashAccess

/// The commands that a build has, as `help` lists them by group, separated by commas (`commands/help.c`, list_group).
package struct BareboxHelp: Sendable, Hashable {
    package let commands: Set<String>

    /// nil if the reply is no list, or was cut: its last line says what to do for more.
    package init?(_ reply: ConsoleReply) {
        let lines = reply.lines
        guard lines.contains(where: { $0.hasPrefix("Use 'help COMMAND'") }) else { return nil }
        commands = Set(
            lines.filter { $0.hasPrefix("  ") }.flatMap { $0.split(0x2C) }.map { $0.trimmed.string(limit: 40) }
                .filter { !$0.isEmpty })
        guard commands.contains("help") else { return nil }
    }
}
