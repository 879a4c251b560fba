package import FlashModel

/// From the replies to the probes to a survey. Pure: the same replies give the same survey.
package enum LinuxSurvey {
    /// The number of the user that the commands run as; nil where it is not known. Only root (0) can read flash.
    package static func userID(replies: [String: LinuxProbeReply]) -> Int? {
        replies["user-id.txt"].flatMap(LinuxFacts.userID)
    }

    /// Puts together what is known of the board.
    ///
    /// - Parameter replies: by ``LinuxProbe/name``. All but `proc-mtd.txt` may be missing or failed.
    /// - Throws: `noMTD` where the kernel has no MTD at all, `noPartitions` where it has but found no flash.
    package static func assemble(replies: [String: LinuxProbeReply]) throws(FlashkeepError) -> Survey {
        try assemble(facts: LinuxFacts(replies), replies: replies)
    }

    /// The same, for a caller who has parsed the replies already.
    package static func assemble(
        facts: LinuxFacts, replies: [String: LinuxProbeReply]
    ) throws(FlashkeepError) -> Survey {
        if facts.procMTD.entries.isEmpty, facts.sysfs.devices.isEmpty {
            throw facts.procMTD.hasHeader ? noPartitions(facts) : noMTD(facts)
        }
        let map = LinuxPartitionMap(facts)
        var partitions = map.partitions
        for position in partitions.indices {
            let chip = map.chips.first { $0.id == partitions[position].chip }
            partitions[position].badBlocks = BadBlockSources.knowledge(partitions[position], chip: chip, facts: facts)
        }
        FlashUses.note(facts, on: &partitions)

        var warnings = facts.procMTD.strayLines.prefix(5).map {
            "a line of /proc/mtd was not understood: \"\(PrintableText.escaped($0, limit: 80))\""
        }
        if facts.procMTD.isCut {
            warnings.append("there are more than \(BoardLimits.devices) MTD devices; the others are left out")
        }
        warnings += map.warnings
        warnings += doubts(facts, chips: map.chips)
        if warnings.count > BoardLimits.warnings {
            let more = warnings.count - BoardLimits.warnings
            warnings = warnings.prefix(BoardLimits.warnings) + ["… and \(more) more of the kind"]
        }
        return Survey(
            board: BoardTexts.identity(replies, kernelLog: facts.kernelLog, environment: facts.environment),
            chips: map.chips, partitions: partitions, ubi: facts.ubi, tools: facts.tools.summary,
            otherStorage: facts.otherStorage.map { PrintableText.escaped($0.name) }, warnings: warnings)
    }

    private static func doubts(_ facts: LinuxFacts, chips: [Chip]) -> [String] {
        var warnings: [String] = []
        if facts.isExpertMode {
            warnings.append(
                "the kernel's expert analysis mode is on (debugfs mtd/expert_analysis_mode): bad blocks are hidden")
        }
        if let layer = facts.kernelLog.remapping {
            warnings.append(
                "\(layer == "nmbm" ? "NMBM" : "BMT") moves blocks below the MTD devices: images are as the kernel sees "
                    + "the flash, not as a programmer would")
        }
        if let problem = facts.environment.problem, !facts.environment.variables.isEmpty {
            warnings.append(
                "what fw_printenv printed is not the board's environment but a built-in one: "
                    + PrintableText.escaped(problem, limit: 100))
        }
        for chip in chips where chip.source == "guess" {
            warnings.append(
                "nothing tells where the partitions of \(chip.id) lie: their places are guessed from their order, "
                    + "so each is read on its own")
            if chip.kind == .unknown {
                warnings.append(
                    "nothing tells what kind of flash \(chip.id) is: if it is NAND, its bad blocks are not known")
            }
        }
        return warnings
    }

    private static func noPartitions(_ facts: LinuxFacts) -> FlashkeepError {
        FlashkeepError(
            .noPartitions, what: "The kernel knows of no flash: /proc/mtd is empty",
            why: "it has MTD, but no driver found a chip, or none has a partition table" + storage(facts),
            next: facts.otherStorage.isEmpty
                ? "load the flash driver if it is a module, or read the flash from the bootloader or with a programmer"
                : "if the firmware is on that storage, copy it with dd; else use the bootloader or a programmer")
    }

    private static func noMTD(_ facts: LinuxFacts) -> FlashkeepError {
        FlashkeepError(
            .noMTD, what: "The board has no MTD flash: /proc/mtd cannot be read",
            why: "its kernel was built without MTD" + storage(facts),
            next: facts.otherStorage.isEmpty
                ? "check that this is the right board, or read the flash from the bootloader or with a programmer"
                : "this is a board with block storage; copy it with dd, Flashkeep keeps MTD flash only")
    }

    private static func storage(_ facts: LinuxFacts) -> String {
        guard !facts.otherStorage.isEmpty else { return "" }
        let names = facts.otherStorage.prefix(6).map { device in
            let kind = device.name.hasPrefix("mmcblk") ? "eMMC or SD card" : "disk"
            return "\(PrintableText.escaped(device.name, limit: 20)) (\(kind), \(ByteCount.text(device.size)))"
        }
        return "; its storage is " + names.joined(separator: ", ")
    }
}
