import FlashAccess
package import FlashModel

/// Builds a survey from U-Boot's replies. Pure: the same replies give the same survey.
///
/// `mtd list` takes precedence over `flinfo`, `sf probe` and `nand info`, which add chips that it does not list. If no
/// partition table is known, or it leaves gaps, the whole chip is presented as a partition, because U-Boot can read all
/// of it.
package enum UBootSurvey {
    /// The range of 3-byte addresses, in bytes.
    static let shortAddressLimit = 16 << 20

    /// Assembles all information about the board.
    ///
    /// - Parameter replies: by command, as in ``UBootFacts/questions``; any may be missing.
    /// - Throws: `noPartitions` if no reply reports a flash chip.
    package static func assemble(replies: [String: UBootReply]) throws(FlashkeepError) -> Survey {
        try assemble(facts: UBootFacts(replies))
    }

    /// The same, from parsed replies.
    package static func assemble(facts: UBootFacts) throws(FlashkeepError) -> Survey {
        var map = UBootChipMap(facts)
        guard !map.chips.isEmpty else {
            throw FlashkeepError(
                .noPartitions, what: "U-Boot reports no flash.", why: noFlash(facts),
                next: "If you know where it is, give it: --flash TYPE:START+SIZE[/ERASEBLOCK], such as "
                    + "--flash nor:0x9f000000+4M/64K, spi:0+16M or nand:0+128M/128K. Otherwise read it from Linux or "
                    + "with a programmer."
            )
        }
        map.partition(facts)
        var warnings = map.warnings
        if facts.environment?.usesNetworkConsole == true {
            warnings.append("U-Boot's console goes over the network (netconsole): the serial line may fall silent")
        }
        if facts.environment?.addsUp == false {
            warnings.append("U-Boot's variables do not add up to the reported size: a line was lost in transit")
        }
        if facts.isSharedMemoryWithheld {
            warnings.append(
                "smeminfo would list the partitions, but is not sent: on this U-Boot it attaches UBI, which may erase "
                    + "blocks")
        }
        warnings += facts.strangeTables.map { table in
            "the partition table in \(PrintableText.escaped(table.source, limit: 40)) was not understood: "
                + "\"\(PrintableText.escaped(table.text, limit: 80))\""
        }
        if warnings.count > BoardLimits.warnings {
            let more = warnings.count - BoardLimits.warnings
            warnings = warnings.prefix(BoardLimits.warnings) + ["… and \(more) more like this"]
        }
        return Survey(
            board: identity(facts), chips: map.chips, partitions: map.partitions, tools: tools(facts),
            table: TableKnowledge(doubts: map.doubts), warnings: warnings)
    }

    private static func noFlash(_ facts: UBootFacts) -> String {
        guard let answer = facts.misunderstood.first else {
            let said = facts.refusals.map { "\($0.question) says: \(PrintableText.escaped($0.line, limit: 100))" }
            return "None of flinfo, sf probe, spi id, nand info, mtd list and bdinfo named a chip."
                + (said.isEmpty ? "" : " " + said.joined(separator: "; "))
        }
        return "Its answer to \(answer.question) was not understood: \(PrintableText.escaped(answer.line, limit: 100))"
    }

    private static func identity(_ facts: UBootFacts) -> BoardIdentity {
        func variable(_ name: String) -> String? {
            facts.environment?.variables[name].flatMap { $0.isEmpty ? nil : PrintableText.escaped($0, limit: 100) }
        }
        var addresses = Set(facts.board?.ethernetAddresses ?? [])
        for name in ["ethaddr", "eth1addr", "eth2addr", "wifiaddr"] {
            let value = ByteText(facts.environment?.variables[name] ?? "").trimmed.lowercased
            let parts = value.split(0x3A, most: 8)
            if parts.count == 6, parts.allSatisfy({ $0.isHexadecimal(digits: 2) }) { addresses.insert(value.string()) }
        }
        addresses.remove("00:00:00:00:00:00")
        return BoardIdentity(
            model: variable("board_name") ?? variable("board") ?? variable("model"),
            compatible: [variable("fdtfile")].compactMap { $0 },
            bootloader: facts.version.map { "U-Boot " + PrintableText.escaped($0.text, limit: 64) },
            processor: variable("soc") ?? variable("cpu"), macAddresses: addresses.sorted(),
            serialNumber: variable("serial#"))
    }

    /// U-Boot's commands that a backup can use.
    private static func tools(_ facts: UBootFacts) -> [String: String] {
        var result: [String: String] = [:]
        for name in [
            "crc32", "flinfo", "hash", "loadx", "loady", "md", "mtd", "nand", "sf", "spi", "tftpboot", "tftpput",
        ] {
            if let help = facts.help?.commands[name] { result[name] = PrintableText.escaped(help, limit: 80) }
        }
        return result
    }
}
