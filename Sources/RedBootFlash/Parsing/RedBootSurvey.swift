import FlashAccess
package import FlashModel

/// Builds a survey from what a RedBoot said. Pure: the same facts give the same survey.
///
/// The chips are those of the banner. The partitions are the images of the FIS directory on flash, or those of `fis list`
/// if that is not understood. If they leave gaps, or share erase blocks, the whole chip is a partition, too.
package enum RedBootSurvey {
    /// - Throws: `noPartitions` if no flash is reported.
    package static func assemble(_ facts: RedBootFacts) throws(FlashkeepError) -> Survey {
        let map = RedBootChipMap(facts)
        guard !map.chips.isEmpty else {
            let line = facts.version?.strayLines.first
            throw FlashkeepError(
                .noPartitions, what: "RedBoot reports no flash.",
                why: line.map { "Its line was not understood: \(PrintableText.escaped($0, limit: 100))" }
                    ?? "version prints no line that begins with FLASH.",
                next: "Read it from Linux, or with a programmer.")
        }
        var warnings = map.warnings
        if warnings.count > BoardLimits.warnings {
            let more = warnings.count - BoardLimits.warnings
            warnings = warnings.prefix(BoardLimits.warnings) + ["… and \(more) more like this"]
        }
        return Survey(
            board: identity(facts), chips: map.chips, partitions: map.partitions, tools: tools(facts),
            table: TableKnowledge(doubts: Array(map.doubts.prefix(BoardLimits.warnings))), warnings: warnings)
    }

    private static func identity(_ facts: RedBootFacts) -> BoardIdentity {
        var addresses: [[UInt8]] = []
        if let settings = facts.settings { addresses += settings.hardwareAddresses }
        if let configuration = facts.configuration { addresses += configuration.hardwareAddresses }
        if let log = facts.replies[RedBootFacts.startLogName] { addresses += hardwareAddresses(log.lines) }
        let texts = addresses.filter { $0.contains { $0 != 0 } && $0.contains { $0 != 0xFF } }.map { octets in
            octets.map { Hexadecimal.text([$0]) }.joined(separator: ":")
        }
        // The name of the platform is no model: Linux calls the same board something else.
        let platform = [facts.version?.board, facts.version?.platform].compactMap(\.self)
            .map { PrintableText.escaped($0, limit: 80) }.joined(separator: ", ")
        let release = (facts.version?.release).map { " (\(PrintableText.escaped($0, limit: 100)))" }
        return BoardIdentity(
            bootloader: facts.version.map { _ in ["RedBoot", release].compactMap(\.self).joined() },
            processor: platform.isEmpty ? nil : platform, macAddresses: Set(texts).sorted())
    }

    /// `Ethernet eth0: MAC address 00:0d:a0:00:00:01`, from the start (`redboot/current/src/net/enet.c`).
    private static func hardwareAddresses(_ lines: [ByteText]) -> [[UInt8]] {
        lines.prefix(400).compactMap { line in
            guard let text = line.after("MAC address ")?.words.first else { return nil }
            let parts = text.split(0x3A, most: 8)
            let octets = parts.filter { $0.isHexadecimal(digits: 2) }.compactMap {
                $0.address.flatMap { UInt8(exactly: $0) }
            }
            return parts.count == 6 && octets.count == 6 ? octets : nil
        }
    }

    /// RedBoot's commands that a backup can use.
    private static func tools(_ facts: RedBootFacts) -> [String: String] {
        var result: [String: String] = [:]
        for name in ["cksum", "dump", "exec", "fis unlock", "fis write", "go", "ip_address", "load", "mfill"] {
            if let usage = facts.help?.commands[name] { result[name] = PrintableText.escaped(usage, limit: 80) }
        }
        return result
    }
}
