import FlashAccess

/// The commands of a U-Boot, as listed by `help`.
///
/// `md      - memory display` (`common/command.c`, `_do_help`). Names have been padded since 2011; longer names touch
/// the dash: `tftpboot- boot image…`. A command may lack features that it has elsewhere; its own help lists them:
/// ``UBootUsage``.
package struct UBootHelp: Sendable, Hashable {
    /// The printed descriptions, by name.
    package var commands: [String: String]

    /// Parses the output of `help`; nil if it lists nothing.
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

    /// Whether a command of this name exists.
    package func has(_ name: String) -> Bool { commands[name] != nil }
}

/// The usage of a command, as printed by `help NAME`, or by the command itself after wrong use (`common/command.c`,
/// cmd_usage).
package struct UBootUsage: Sendable, Hashable {
    /// The lines after `Usage:`.
    package var lines: [String]

    /// Parses a reply; nil if it has no usage.
    package init?(_ reply: UBootReply) {
        let all = reply.lines
        guard let start = all.firstIndex(where: { $0.trimmed.hasPrefix("Usage:") }) else { return nil }
        lines = all[start...].dropFirst().prefix(200).map { $0.string() }
    }

    /// Whether a text occurs in it, such as `-v` of `crc32`, `.q` of `md`, or `read.raw` of `nand`.
    package func mentions(_ text: String) -> Bool {
        lines.contains { ByteText($0).contains(text) }
    }
}
