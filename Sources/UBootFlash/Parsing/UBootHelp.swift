import FlashAccess

/// What a U-Boot can do, by the list that `help` prints.
///
/// `md      - memory display` (`common/command.c`, `_do_help`; from 2011 to today the name is padded, and longer names
/// touch the dash: `tftpboot- boot image…`). Whether a command can do all that it could elsewhere, its own help tells:
/// ``UBootUsage``.
package struct UBootHelp: Sendable, Hashable {
    /// Name → what it is for, as printed.
    package var commands: [String: String]

    /// Parses what `help` printed; nil where it lists nothing.
    package init?(_ reply: UBootReply) {
        commands = [:]
        for line in reply.lines {
            guard commands.count < 1000, let (name, text) = Self.entry(line) else { continue }
            if commands[name] == nil { commands[name] = text }
        }
        if commands.isEmpty { return nil }
    }

    private static func entry(_ line: ByteText) -> (String, String)? {
        guard let first = line.bytes.first, !ByteText.isBlank(first), let end = line.bytes.firstIndex(of: 0x20) else {
            return nil
        }
        var name = line.bytes[..<end]
        var rest = ByteText(line.bytes[end...])
        rest.takeBlanks()
        if !rest.take("- ") {
            guard name.last == 0x2D else { return nil }
            name.removeLast()
        }
        let isName = name.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x3F, 0x2E, 0x2D, 0x2B: true
            default: false
            }
        }
        guard isName, (1...32).contains(name.count) else { return nil }
        return (ByteText(name).string(), rest.trimmed.string())
    }

    /// Whether there is a command of this name.
    package func has(_ name: String) -> Bool { commands[name] != nil }
}

/// How a command is used, by what `help NAME` prints, or the command itself when it was used wrongly
/// (`common/command.c`, cmd_usage).
package struct UBootUsage: Sendable, Hashable {
    /// The lines behind `Usage:`.
    package var lines: [String]

    /// Parses a reply; nil where it holds no usage.
    package init?(_ reply: UBootReply) {
        let all = reply.lines
        guard let start = all.firstIndex(where: { $0.trimmed.hasPrefix("Usage:") }) else { return nil }
        lines = all[start...].dropFirst().prefix(200).map { $0.string() }
    }

    /// Whether the text is anywhere in it, such as `-v` of `crc32`, `.q` of `md`, `read.raw` of `nand`.
    package func mentions(_ text: String) -> Bool {
        lines.contains { ByteText($0).contains(text) }
    }
}
