import FlashAccess
package import FlashModel

/// Builds a survey from what a barebox said. Pure: the same facts give the same survey.
package struct BareboxSurvey {
    package private(set) var survey: Survey
    private let facts: BareboxFacts
    private var doubts: [String] = []
    private var chips: [Chip] = []
    private var partitions: [Partition] = []

    /// - Throws: `noPartitions` if no flash is reported.
    package init(_ facts: BareboxFacts) throws(FlashkeepError) {
        self.facts = facts
        survey = Survey(table: .complete)
        for flash in facts.flash { add(flash) }
        guard !chips.isEmpty else { throw noFlash }
        if let devices = facts.devices {
            for line in devices.strayLines.prefix(5) {
                doubts.append("a line of devinfo was not understood: \"\(PrintableText.escaped(line, limit: 80))\"")
            }
            if devices.candidates.count > BareboxFacts.mostDevices {
                doubts.append("there are more than \(BareboxFacts.mostDevices) devices; the rest were not asked for")
            }
        }
        survey = Survey(
            board: BoardIdentity(
                model: facts.board, bootloader: ["barebox", facts.version].compactMap { $0 }.joined(separator: " ")),
            chips: chips, partitions: partitions,
            tools: facts.hasChecksum ? ["crc32": "barebox", "md": "barebox"] : ["md": "barebox"],
            table: TableKnowledge(doubts: Array(doubts.prefix(BoardLimits.warnings))),
            otherStorage: facts.devices?.disks.compactMap { file in
                file.size.map { OtherStorageDevice(name: file.name.name(), size: $0) }
            })
    }

    private var noFlash: FlashkeepError {
        FlashkeepError(
            .noPartitions, what: "barebox reports no flash.",
            why: facts.devices == nil
                ? "Its devinfo was not understood." : "None of its devices has the parameters of flash.",
            next: "Read the flash from the board's Linux, or with a programmer.")
    }

    private mutating func add(_ flash: BareboxFacts.Flash) {
        let device = flash.device
        let kind = Self.kind(flash)
        let id = flash.name.text
        chips.append(
            Chip(
                id: id, kind: kind, size: .exact(device.size), eraseBlockSize: device.eraseBlockSize,
                pageSize: device.pageSize, oobSize: device.oobSize, identification: ["name": id], source: "devinfo"))
        let whole = Partition(
            index: partitions.count, numbering: .ordinal, name: id, chip: id, offset: 0, offsetSource: .wholeChip,
            size: device.size, eraseBlockSize: device.eraseBlockSize, pageSize: device.pageSize,
            oobSize: device.oobSize,
            type: kind.rawValue, badBlocks: badBlocks(flash, 0..<device.size))
        partitions.append(whole)
        guard let parts = device.partitions else {
            doubts.append("the partitions of \(id) were not understood")
            return
        }
        for part in parts.prefix(BoardLimits.devices) {
            let end = part.size.flatMap { part.offset.plus($0) } ?? device.size
            guard part.offset < end, end <= device.size else { continue }
            partitions.append(
                Partition(
                    index: partitions.count, numbering: .ordinal, name: part.name, chip: id, offset: part.offset,
                    // Its own table, as with U-Boot.
                    offsetSource: .commandLine, size: end - part.offset, eraseBlockSize: device.eraseBlockSize,
                    pageSize: device.pageSize, oobSize: device.oobSize, type: kind.rawValue, parent: whole.index,
                    role: .ofName(part.name), badBlocks: badBlocks(flash, part.offset..<end)))
        }
    }

    /// By the parameters, and by the names that drivers give: `nor` (`drivers/mtd/nor/cfi_flash.c`), `m25p`
    /// (`drivers/mtd/devices/m25p80.c`). A page of one byte is NOR.
    private static func kind(_ flash: BareboxFacts.Flash) -> Chip.Kind {
        if flash.device.isNAND { return .nand }
        let name = flash.name.text
        if name.hasPrefix("m25p") { return .spiNOR }
        if name.hasPrefix("dataflash") { return .dataflash }
        return flash.device.pageSize == 1 ? .nor : .unknown
    }

    private func badBlocks(_ flash: BareboxFacts.Flash, _ range: Range<Int>) -> BadBlockKnowledge? {
        switch Self.kind(flash) {
        case .nor, .spiNOR, .dataflash, .ram, .rom: return nil
        case .nand, .mlcNAND, .spiNAND, .unknown: break
        }
        let block = flash.device.eraseBlockSize
        guard let list = flash.badBlocks, block > 0 else {
            return BadBlockKnowledge(
                bad: [], source: "none", isComplete: false,
                note: "this barebox has no command that lists them, or its list was not understood")
        }
        let inside = list.offsets.filter { range.contains($0) }.map { ($0 - range.lowerBound) / block }
        return BadBlockKnowledge(
            bad: Array(Set(inside)).sorted(), source: "nand -i", isComplete: list.strayLines.isEmpty,
            note: list.strayLines.isEmpty ? nil : "a line of the list was not understood")
    }
}
