import FlashAccess
package import FlashModel

/// Builds a survey from what a CFE said. Pure: the same facts give the same survey.
package enum CFESurvey {
    /// - Throws: `noPartitions` if no flash is reported.
    package static func assemble(_ facts: CFEFacts) throws(FlashkeepError) -> Survey {
        let map = CFEChipMap(facts)
        guard !map.chips.isEmpty else { throw noFlash(facts, map) }
        var warnings = map.warnings
        if warnings.count > BoardLimits.warnings {
            let more = warnings.count - BoardLimits.warnings
            warnings = warnings.prefix(BoardLimits.warnings) + ["… and \(more) more like this"]
        }
        return Survey(
            board: identity(facts), chips: map.chips, partitions: map.partitions, tools: tools(facts),
            table: TableKnowledge(doubts: Array(map.doubts.prefix(BoardLimits.warnings))), warnings: warnings)
    }

    private static func noFlash(_ facts: CFEFacts, _ map: CFEChipMap) -> FlashkeepError {
        let why =
            map.doubts.first
            ?? (facts.help == nil
                ? "its help was not understood"
                : facts.start == nil
                    ? "it tells of its flash only when it starts, and was waiting at its prompt"
                    : "neither its start log nor its commands name a chip")
        return FlashkeepError(
            .noPartitions, what: "CFE reports no flash.", why: why,
            next:
                "Switch the board off, run the same command again, and switch it on, so that its start is seen. If you "
                + "know where the flash is, give it: --flash TYPE:START+SIZE, such as --flash nor:0xbfc00000+4M.")
    }

    /// What the board is. Its name and addresses are only in the start log, which is kept as evidence: a backup that was
    /// interrupted is resumed only on the same board, and a restart must not make it another one.
    private static func identity(_ facts: CFEFacts) -> BoardIdentity {
        let start = facts.start
        let names = [start?.board, start?.processor].compactMap(\.self).map { PrintableText.escaped($0, limit: 40) }
        return BoardIdentity(
            bootloader: ["CFE", start?.version.map { PrintableText.escaped($0, limit: 40) }].compactMap(\.self)
                .joined(separator: " "),
            processor: names.isEmpty ? nil : names.joined(separator: ", "))
    }

    /// CFE's commands that a backup uses.
    private static func tools(_ facts: CFEFacts) -> [String: String] {
        var result: [String: String] = [:]
        for name in ["d", "dm", "dn", "fb", "fdump", "fi", "show devices"] {
            if let usage = facts.help?.commands[name] { result[name] = PrintableText.escaped(usage, limit: 80) }
        }
        return result
    }
}
