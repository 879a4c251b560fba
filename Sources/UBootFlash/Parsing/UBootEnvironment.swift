import FlashAccess

/// U-Boot's variables, as printed by `printenv` (`cmd/nvedit.c`).
package struct UBootEnvironment: Sendable, Hashable {
    /// The variables; the first of each name.
    package var variables: [String: String]
    /// Requested names that do not exist: `## Error: "nosuch" not defined`.
    package var undefined: [String]
    /// The bytes in use, from the last line; nil if only single variables were requested.
    package var usedSize: Int?
    /// The capacity of the environment in bytes.
    package var totalSize: Int?
    /// Lines that are not a variable: the second line of a value, or an interleaved message. They are not joined to
    /// values.
    package var strayLines: [String]
    /// Whether the variables add up to ``usedSize``, so that no byte of them was lost; nil if no size was printed.
    package var addsUp: Bool?

    /// Parses the output of `printenv`; nil if it has neither variables nor an error about one.
    package init?(_ reply: UBootReply) {
        variables = [:]
        undefined = []
        strayLines = []
        var sum = 1
        var longSum = 1
        for line in reply.lines.prefix(4096) {
            let text = line.trimmed
            if text.isEmpty { continue }
            if let rest = text.dropping("Environment size: "), rest.hasSuffix("bytes") {
                var rest = rest
                if let used = rest.takeDecimal(), rest.take("/"), let total = rest.takeDecimal() {
                    usedSize = used
                    totalSize = total
                }
            } else if let rest = text.dropping("## Error: \""), let name = rest.before("\" not defined") {
                undefined.append(name.string(limit: 256))
            } else if let name = line.before("="), Self.isName(name), let value = line.after("=") {
                let key = name.string()
                if variables[key] == nil { variables[key] = value.string(limit: BoardLimits.lineBytes) }
                // Versions before 2019 count the separators twice, and each backslash too (`lib/hashtable.c`,
                // hexport_r).
                sum += line.bytes.count + 1
                longSum += line.bytes.count + 3 + value.bytes.count(where: { $0 == 0x5C })
            } else if strayLines.count < BoardLimits.warnings {
                strayLines.append(text.string())
            }
        }
        addsUp = usedSize.map { $0 == sum || $0 == longSum }
        if variables.isEmpty, undefined.isEmpty, usedSize == nil { return nil }
    }

    private static func isName(_ text: ByteText) -> Bool {
        (1...256).contains(text.bytes.count) && text.bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// The variables that make U-Boot run whatever it has just loaded (`boot/bootm.c`, bootm_maybe_autostart;
    /// `autoscript` until 2009, `common/cmd_net.c` and `common/cmd_load.c`).
    package static func loadStarters(in variables: [String: String]) -> [String] {
        ["autostart", "autoscript"].filter { variables[$0].map { $0 != "no" } ?? false }
    }

    /// Whether the console is on the network (`drivers/net/netconsole.c`), so that the serial line may be silent.
    package var usesNetworkConsole: Bool {
        ["stdin", "stdout", "stderr"].contains { name in
            variables[name].map { ByteText($0).split(0x2C).contains { $0.trimmed == ByteText("nc") } } ?? false
        }
    }

    /// The value as a number, which U-Boot takes as hexadecimal.
    package func address(_ name: String) -> UInt64? {
        variables[name].flatMap { ByteText($0).trimmed.address }
    }
}
