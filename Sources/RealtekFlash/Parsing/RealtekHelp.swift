package import FlashAccess

/// The commands that `?` lists (`monitor.c`, CmdHelp): `DB <Address> <Len>`, `FLR: FLR <dst><src><length>`.
package struct RealtekHelp: Sendable, Hashable {
    /// Name → its line.
    package let commands: [String: String]

    /// nil if the reply lists nothing.
    package init?(_ reply: ConsoleReply) {
        guard reply.lines.contains(where: { $0.contains("COMMAND MODE HELP") }) else { return nil }
        var commands: [String: String] = [:]
        for line in reply.lines.map(\.trimmed) {
            let name = line.bytes.prefix { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) }
            // It lists HELP, which it does not know.
            guard (1...12).contains(name.count), commands.count < 100, ByteText(name) != ByteText("HELP"),
                line.bytes.count > name.count,
                [0x3A, 0x20, 0x09].contains(line.bytes[name.endIndex])
            else { continue }
            commands[ByteText(name).string()] = line.string(limit: 120)
        }
        guard commands.count >= 3 else { return nil }
        self.commands = commands
    }

    package func has(_ name: String) -> Bool { commands[name] != nil }
}
