import FlashAccess

/// U-Boot's variables, by what `printenv` prints (`cmd/nvedit.c`).
package struct UBootEnvironment: Sendable, Hashable {
    /// The first of each name.
    package var variables: [String: String]
    /// Names that were asked for and are not there: `## Error: "nosuch" not defined`.
    package var undefined: [String]
    /// Bytes in use, by the last line; nil where only single variables were asked for.
    package var usedSize: Int?
    /// Bytes that the environment has room for.
    package var totalSize: Int?
    /// Lines that are no variable: the second line of a value, a message in between. Values are not put together from
    /// them.
    package var strayLines: [String]
    /// Whether the variables add up to ``usedSize``: then no byte of them was lost. Nil where there is no size.
    package var addsUp: Bool?

    /// Parses what `printenv` printed; nil where it says nothing of variables.
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
                // Versions before 2019 count the separators twice and each backslash too (`lib/hashtable.c`,
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

    /// Variables of these that have U-Boot run whatever it has just loaded (`boot/bootm.c`, bootm_maybe_autostart;
    /// `autoscript` until 2009, `common/cmd_net.c` and `common/cmd_load.c`).
    package static func loadStarters(in variables: [String: String]) -> [String] {
        ["autostart", "autoscript"].filter { variables[$0].map { $0 != "no" } ?? false }
    }

    /// Whether its console goes over the network (`drivers/net/netconsole.c`): the serial line may be mute.
    package var usesNetworkConsole: Bool {
        ["stdin", "stdout", "stderr"].contains { name in
            variables[name].map { ByteText($0).split(0x2C).contains { $0.trimmed == ByteText("nc") } } ?? false
        }
    }

    /// The value as a number as U-Boot takes it: hexadecimal.
    package func address(_ name: String) -> UInt64? {
        variables[name].flatMap { ByteText($0).trimmed.address }
    }
}
