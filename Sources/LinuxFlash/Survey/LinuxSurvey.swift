import FlashAccess
package import FlashModel

/// Makes a survey from the replies to the probes. Pure: the same replies give the same survey.
package enum LinuxSurvey {
    /// The number of the user that runs the commands; nil if unknown. Only root (0) can read flash.
    package static func userID(replies: [String: LinuxProbeReply]) -> Int? {
        replies["user-id.txt"].flatMap(LinuxFacts.userID)
    }

    /// Assembles the survey.
    ///
    /// - Parameter replies: by ``LinuxProbe/name``. All except `proc-mtd.txt` may be missing or have failed.
    /// - Throws: `noMTD` if the kernel has no MTD at all, `noPartitions` if it has MTD but found no flash.
    package static func assemble(replies: [String: LinuxProbeReply]) throws(FlashkeepError) -> Survey {
        try assemble(facts: LinuxFacts(replies), replies: replies)
    }

    /// Assembles the survey from parsed replies.
    package static func assemble(
        facts: LinuxFacts, replies: [String: LinuxProbeReply]
    ) throws(FlashkeepError) -> Survey {
        if facts.procMTD.entries.isEmpty, facts.sysfs.devices.isEmpty {
            throw facts.procMTD.strayLines.isEmpty
                ? facts.procMTD.hasHeader ? noPartitions(facts) : noMTD(facts)
                : tableNotUnderstood(facts.procMTD)
        }
        let map = LinuxPartitionMap(facts)
        var partitions = map.partitions
        for position in partitions.indices {
            let chip = map.chips.first { $0.id == partitions[position].chip }
            partitions[position].badBlocks = BadBlockSources.knowledge(partitions[position], chip: chip, facts: facts)
        }
        FlashUses.note(facts, on: &partitions)

        var warnings = map.warnings + doubts(facts, chips: map.chips)
        if warnings.count > BoardLimits.warnings {
            let more = warnings.count - BoardLimits.warnings
            warnings = warnings.prefix(BoardLimits.warnings) + ["… and \(more) more like this"]
        }
        return Survey(
            board: BoardTexts.identity(replies, kernelLog: facts.kernelLog, environment: facts.environment),
            chips: map.chips, partitions: partitions, ubi: facts.ubi, tools: facts.tools.summary,
            table: TableKnowledge(doubts: tableDoubts(facts) + map.doubts), otherStorage: facts.otherStorage,
            bootID: facts.bootID,
            warnings: warnings)
    }

    /// Why the list of MTD devices may be incomplete. Each line of /proc/mtd that could not be parsed may have been a
    /// device. It is harmless only if sysfs has the device of that number.
    private static func tableDoubts(_ facts: LinuxFacts) -> [String] {
        let known = facts.sysfs.devices.filter { $0.value.size != nil }
        let strays = facts.procMTD.strayLines.filter { stray in
            // If two lines with one number contradict each other, sysfs decides only if it agrees with one of them in
            // all values.
            stray.index.map { known[$0] == nil || facts.procMTD.contradicted.contains($0) && !agrees($0, facts) }
                ?? true
        }
        var doubts = strays.prefix(5).map {
            "a line of /proc/mtd was not understood: \"\(PrintableText.escaped($0.text, limit: 80))\""
        }
        if strays.count > doubts.count {
            doubts.append("\(strays.count - doubts.count) more lines of /proc/mtd were not understood")
        }
        if facts.procMTD.isCut || facts.sysfs.isCut {
            doubts.append("there are more than \(BoardLimits.devices) MTD devices; the rest are left out")
        }
        let listed = Set(facts.procMTD.entries.map(\.index))
        for (index, device) in facts.sysfs.devices.sorted(by: { $0.key < $1.key })
        where device.size == nil && !listed.contains(index) {
            doubts.append("sysfs has mtd\(index), but its size is unknown; it is left out")
        }
        return doubts
    }

    /// Whether sysfs agrees with the table's first line for a device.
    private static func agrees(_ index: Int, _ facts: LinuxFacts) -> Bool {
        guard let device = facts.sysfs.devices[index],
            let entry = facts.procMTD.entries.first(where: { $0.index == index })
        else { return false }
        return device.size == entry.size && device.eraseSize == entry.eraseSize && device.name == entry.name
    }

    private static func tableNotUnderstood(_ table: ProcMTD) -> FlashkeepError {
        let line = table.strayLines.first.map { PrintableText.escaped($0.text, limit: 80) } ?? ""
        return FlashkeepError(
            .replyNotUnderstood, what: "The board's table of flash, /proc/mtd, was not understood.",
            why: "None of its lines describes a partition; the first was \"\(line)\".",
            next:
                "Look at it with cat /proc/mtd; if there are kernel messages in it, silence them (dmesg -n 1) and run "
                + "the same command again.")
    }

    private static func doubts(_ facts: LinuxFacts, chips: [Chip]) -> [String] {
        var warnings: [String] = []
        if facts.isExpertMode {
            warnings.append(
                "the kernel's expert analysis mode is on (debugfs mtd/expert_analysis_mode): bad blocks are hidden")
        }
        if let layer = facts.kernelLog.remapping {
            warnings.append(
                "\(layer) remaps blocks below the MTD devices: images show the flash as the "
                    + "kernel sees it, not as a programmer would")
        }
        if let problem = facts.environment.problem, !facts.environment.variables.isEmpty {
            warnings.append(
                "the output of fw_printenv is not the board's environment but a built-in one: "
                    + PrintableText.escaped(problem, limit: 100))
        }
        for chip in chips where chip.source == "guess" {
            warnings.append(
                "the offsets of the partitions of \(chip.id) are unknown: they are guessed from their order, so each "
                    + "is read separately")
            if chip.kind == .unknown {
                warnings.append(
                    "the type of flash of \(chip.id) is unknown: if it is NAND, its bad blocks are unknown")
            }
        }
        return warnings
    }

    private static func noPartitions(_ facts: LinuxFacts) -> FlashkeepError {
        FlashkeepError(
            .noPartitions, what: "The kernel knows no flash: /proc/mtd is empty",
            why: "it has MTD, but no driver found a chip, or none has a partition table" + storage(facts),
            next: facts.otherStorage?.isEmpty != false
                ? "load the flash driver if it is a module, or read the flash from the bootloader or with a programmer"
                : "if the firmware is on that storage, copy it with dd; else use the bootloader or a programmer")
    }

    private static func noMTD(_ facts: LinuxFacts) -> FlashkeepError {
        FlashkeepError(
            .noMTD, what: "The board has no MTD flash: /proc/mtd cannot be read",
            why: "its kernel was built without MTD" + storage(facts),
            next: facts.otherStorage?.isEmpty != false
                ? "check that this is the right board, or read the flash from the bootloader or with a programmer"
                : "copy that storage with dd: Flashkeep backs up only MTD flash")
    }

    private static func storage(_ facts: LinuxFacts) -> String {
        guard let devices = facts.otherStorage, !devices.isEmpty else { return "" }
        return "; its storage is " + devices.prefix(6).map(\.text).joined(separator: ", ")
    }
}
