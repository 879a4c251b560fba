import FlashAccess
import FlashModel

/// The chips that U-Boot reports, and the partitions on them.
struct UBootChipMap {
    private(set) var chips: [Chip] = []
    private(set) var partitions: [Partition] = []
    /// How to read each chip. Chips that U-Boot cannot read are absent.
    private(set) var windows: [Chip.ID: UBootWindow] = [:]
    private(set) var warnings: [String] = []
    /// Reasons why there may be flash in neither list, or why an entry may be wrong; one line each.
    private(set) var doubts: [String] = []
    /// The number of bytes that U-Boot can read correctly, by ``Chip/id``, if that is not the whole chip.
    private var reach: [String: Int] = [:]

    init(_ facts: UBootFacts) {
        if let mtd = facts.mtd {
            for device in mtd.devices { add(device) }
            for line in mtd.strayLines.prefix(5) { doubt("a line of mtd list was not understood", line) }
        }
        for answer in facts.misunderstood {
            doubt("U-Boot's answer to \(answer.question) was not understood", answer.line)
        }
        if let flash = facts.flash {
            for bank in flash.banks { add(bank) }
            for number in flash.misunderstood {
                doubts.append("the flinfo output for flash bank \(number) was not understood")
            }
            for number in flash.missing {
                doubts.append("U-Boot is configured for a flash bank \(number), but found no known chip there")
            }
        }
        if let spi = facts.spi { add(spi, version: facts.version) }
        if let nand = facts.nand {
            for device in nand.devices { add(device) }
            for line in nand.strayLines.prefix(5) { doubt("a line of nand info was not understood", line) }
        }
    }

    private mutating func doubt(_ words: String, _ line: String) {
        doubts.append("\(words): \"\(PrintableText.escaped(line, limit: 80))\"")
    }

    /// Whether another chip can be added.
    private mutating func hasRoom(for name: String) -> Bool {
        if chips.count < Self.mostChips { return true }
        let doubt = "U-Boot reports more than \(Self.mostChips) chips; the rest are left out"
        if !doubts.contains(doubt) { doubts.append(doubt) }
        return false
    }

    /// The limit; real boards have one or two chips.
    private static let mostChips = 32

    private mutating func add(_ device: UBootMTDList.Device) {
        guard !device.name.isEmpty, !chips.contains(where: { $0.id == device.name }) else {
            doubts.append("mtd list has two devices of the same name, or one without a name: \"\(shown(device.name))\"")
            return
        }
        guard hasRoom(for: device.name) else { return }
        guard let size = device.size, size > 0 else {
            doubts.append("mtd list does not report the size of \(shown(device.name)); it is left out")
            return
        }
        var ecc: Chip.ECC?
        if let strength = device.eccStrength, let step = device.eccStepSize, strength > 0 {
            ecc = Chip.ECC(strength: strength, stepSize: step)
        }
        var identification = ["command": "mtd", "name": device.name]
        if !device.driver.isEmpty { identification["driver"] = device.driver }
        if !device.path.isEmpty { identification["path"] = device.path }
        chips.append(
            Chip(
                id: device.name, kind: device.kind, size: size, sizeKnowledge: .exact,
                eraseBlockSize: device.blockSize ?? 0, pageSize: max(1, device.pageSize ?? 1),
                oobSize: device.oobSize ?? 0, ecc: ecc, identification: identification, source: "mtd list"))
        windows[device.name] = .mtd(device.name)
    }

    /// Adds a bank of `flinfo`. `nor0` of `mtd list` is bank 1 (`drivers/mtd/cfi_mtd.c`).
    private mutating func add(_ bank: UBootFlashInfo.Bank) {
        let name = "nor\(bank.number - 1)"
        let address = bank.start.map { "0x" + String($0, radix: 16) }
        if !bank.isComplete {
            warnings.append(
                "the list of sectors of flash bank \(bank.number) is incomplete: the flinfo output was "
                    + "damaged in transit")
        }
        let sizes = Set(bank.sectorSizes ?? [])
        if let position = chips.firstIndex(where: { $0.id == name && $0.kind == .nor }) {
            if chips[position].exactSize == bank.size {
                chips[position].identification["address"] = address
                windows[name] = bank.start.map { .mapped(base: $0) } ?? windows[name]
                chips[position].identification["flinfo"] = bank.name
            } else {
                let least = min(chips[position].leastSize, bank.size)
                doubts.append(
                    "mtd list and flinfo differ on \(name): \(ByteCount.text(chips[position].leastSize)) and "
                        + ByteCount.text(bank.size))
                chips[position].size = .atLeast(least)
            }
            return
        }
        guard hasRoom(for: name) else { return }
        var identification = ["command": "flinfo", "flinfo": bank.name]
        identification["address"] = address
        let id = chips.contains { $0.id == name } ? "bank\(bank.number)" : name
        chips.append(
            Chip(
                id: id, kind: .nor, size: bank.size, sizeKnowledge: .exact,
                eraseBlockSize: sizes.max() ?? bank.size / bank.sectorCount, pageSize: 1, oobSize: 0,
                identification: identification, source: "flinfo"))
        windows[id] = bank.start.map { .mapped(base: $0) }
    }

    private mutating func add(_ spi: UBootSPIFlash, version: UBootVersion?) {
        let position: Int
        if let known = chips.firstIndex(where: { $0.kind == .spiNOR && $0.exactSize == spi.size }) {
            chips[known].identification["spi-nor"] = spi.name
            position = known
        } else {
            guard hasRoom(for: spi.name) else { return }
            let id = (0..<64).lazy.map { "spi\($0)" }.first { name in !chips.contains { $0.id == name } } ?? "spi"
            chips.append(
                Chip(
                    id: id, kind: .spiNOR, size: spi.size, sizeKnowledge: spi.isSizeExact ? .exact : .atLeast,
                    eraseBlockSize: spi.eraseSize ?? 0, pageSize: 1, oobSize: 0,
                    identification: ["command": "sf", "spi-nor": spi.name], source: "sf probe"))
            windows[id] = .spi
            position = chips.count - 1
        }
        let limit = UBootSurvey.shortAddressLimit
        guard spi.size > limit else { return }
        let id = chips[position].id
        // Before 2013.07 there were only 3-byte addresses, and no warning.
        let isOld = version.map { !$0.isAtLeast(2013, 7) } ?? false
        if spi.isCutAt16MiB || isOld {
            reach[id] = limit
            warnings.append(
                "\(shown(id)) has \(ByteCount.text(spi.size)), but this U-Boot reads only its lower 16 MiB (3-byte "
                    + "addresses): the rest cannot be saved this way")
        } else if version?.isAtLeast(2018, 9) != true {
            doubts.append(
                "\(shown(id)) is larger than 16 MiB, and older U-Boots read its start again in place of the rest: "
                    + "compare the two")
        }
    }

    private mutating func add(_ device: UBootNANDInfo.Device) {
        let name = "nand\(device.index)"
        if let position = chips.firstIndex(where: { $0.id == name }) {
            chips[position].identification["nand"] = device.name
            if let size = device.size, chips[position].exactSize != size {
                doubts.append(
                    "mtd list and nand info differ on \(name): \(ByteCount.text(chips[position].leastSize)) and "
                        + ByteCount.text(size))
                chips[position].size = .atLeast(min(size, chips[position].leastSize))
            }
            if chips[position].eraseBlockSize != device.eraseSize {
                warnings.append("mtd list and nand info differ on the erase blocks of \(name)")
            }
            return
        }
        guard hasRoom(for: name) else { return }
        var ecc: Chip.ECC?
        if let strength = device.eccStrength, let step = device.eccStepSize, strength > 0 {
            ecc = Chip.ECC(strength: strength, stepSize: step)
        }
        chips.append(
            Chip(
                id: name, kind: .nand, size: device.size.map { .exact($0) } ?? .atLeast(0),
                eraseBlockSize: device.eraseSize, pageSize: device.pageSize ?? 1, oobSize: device.oobSize ?? 0,
                ecc: ecc, identification: ["command": "nand", "nand": device.name], source: "nand info"))
        windows[name] = .nand(device.index)
    }

    /// A partition, before it is numbered.
    private struct Piece {
        var name: String
        var offset: Int
        var size: Int
        var isReadOnly = false
        var parent: Int?
    }

    /// Places the partitions on the chips.
    mutating func partition(_ facts: UBootFacts) {
        lookForOtherTables(facts)
        for position in chips.indices {
            var pieces = table(chips[position], facts)
            let chip = chips[position]
            if case .atLeast(let told) = chip.size {
                // Partitions and bad blocks lie on the chip, so it extends at least that far.
                var ends = pieces.compactMap { $0.offset.plus($0.size) }
                if let bad = facts.badBlocks[chip.id] {
                    ends += bad.offsets.compactMap { $0.plus(chip.eraseBlockSize) }
                }
                chips[position].size = .atLeast(ends.reduce(told, max))
            }
            let size = chips[position].leastSize
            let outside = pieces.filter { ($0.offset.plus($0.size) ?? .max) > size }
            for piece in outside.prefix(5) {
                doubts.append("\"\(shown(piece.name))\" extends beyond the end of \(shown(chip.id)); it is left out")
            }
            // A partition keeps its position even if its parent is left out.
            if !outside.isEmpty {
                pieces = pieces.filter { ($0.offset.plus($0.size) ?? .max) <= size }
                for index in pieces.indices { pieces[index].parent = nil }
            }
            let covered = pieces.map { $0.offset..<($0.offset + $0.size) }
            let wholes = min(size, reach[chip.id] ?? size)
            let hasGaps = !PartitionMap.gaps(in: 0..<wholes, leaving: covered).isEmpty
            let base = partitions.count
            if hasGaps {
                add(
                    Piece(name: chip.id, offset: 0, size: wholes), source: .wholeChip, chips[position], facts,
                    parent: nil)
            }
            let first = partitions.count
            for piece in pieces {
                let outer = piece.parent.map { first + $0 } ?? (first > base && wholes == size ? base : nil)
                add(piece, source: .commandLine, chips[position], facts, parent: outer)
            }
        }
    }

    /// Looks for partition tables of flash that U-Boot does not list.
    private mutating func lookForOtherTables(_ facts: UBootFacts) {
        var names = Set(chips.map(\.id))
        if chips.contains(where: { $0.kind == .spiNOR }) { names.insert("nor0") }
        var tables: [String] = []
        if let parts = facts.parts { tables += parts.devices.map(\.id).filter { !names.contains($0) } }
        if let variables = facts.environment?.variables, let value = variables["mtdparts"] {
            if let ids = variables["mtdids"].map(UBootPartitionVariables.ids) {
                names.formUnion(names.compactMap { ids[$0] })
            }
            let definitions = UBootPartitionVariables.definitions(value)
            // A single definition belongs to a single chip, whatever their names.
            if definitions.count != 1 || chips.count != 1 {
                tables += definitions.map(\.id).filter { !names.contains($0) }
            }
        }
        for name in Set(tables).sorted().prefix(8) {
            doubts.append("mtdparts has a table for \"\(shown(name))\", which U-Boot does not list as flash")
        }
    }

    private mutating func add(
        _ piece: Piece, source: Partition.OffsetSource, _ chip: Chip, _ facts: UBootFacts, parent: Int?
    ) {
        guard partitions.count < BoardLimits.devices else {
            let doubt = "there are more than \(BoardLimits.devices) partitions; the rest are left out"
            if !doubts.contains(doubt) { doubts.append(doubt) }
            return
        }
        partitions.append(
            Partition(
                index: partitions.count, name: piece.name, chip: chip.id, offset: piece.offset, offsetSource: source,
                size: piece.size, eraseBlockSize: chip.eraseBlockSize, pageSize: chip.pageSize, oobSize: chip.oobSize,
                type: chip.kind.rawValue, isWritable: piece.isReadOnly ? false : nil, parent: parent,
                role: source == .wholeChip ? .unknown : Partition.Role.ofName(piece.name),
                badBlocks: badBlocks(piece, chip, facts)))
    }

    /// The known bad blocks in a partition; nil for flash types without bad blocks.
    private func badBlocks(_ piece: Piece, _ chip: Chip, _ facts: UBootFacts) -> BadBlockKnowledge? {
        switch chip.kind {
        case .nor, .spiNOR, .dataflash, .ram, .rom: return nil
        case .nand, .mlcNAND, .spiNAND: break
        case .unknown:
            return BadBlockKnowledge(
                bad: [], source: "none", isComplete: false,
                note: "the type of flash is unknown, and NAND has bad blocks")
        }
        guard let known = facts.badBlocks[chip.id], chip.eraseBlockSize > 0 else {
            return BadBlockKnowledge(
                bad: [], source: "none", isComplete: false, note: "U-Boot was not asked, or did not answer")
        }
        let end = piece.offset.plus(piece.size) ?? piece.offset
        func blocks(_ offsets: [Int]) -> [Int] {
            offsets.filter { $0 >= piece.offset && $0 < end }.map { ($0 - piece.offset) / chip.eraseBlockSize }
        }
        let table = Set(known.reserved)
        return BadBlockKnowledge(
            bad: Array(Set(blocks(known.offsets.filter { !table.contains($0) }))).sorted(),
            table: Array(Set(blocks(known.reserved))).sorted(), source: known.device == nil ? "mtd bad" : "nand bad",
            isComplete: known.isComplete, note: known.isComplete ? nil : "a line of the list was not understood")
    }

    /// The partition table of a chip, from the best source that has one.
    private mutating func table(_ chip: Chip, _ facts: UBootFacts) -> [Piece] {
        if let device = facts.mtd?.devices.first(where: { $0.name == chip.id }), !device.parts.isEmpty {
            return device.parts.map { Piece(name: $0.name, offset: $0.offset, size: $0.size, parent: $0.parent) }
        }
        // `mtdparts` calls serial flash nor0, too.
        let isOnlyNOR = chips.filter { $0.kind == .nor || $0.kind == .spiNOR }.count == 1
        let names = [chip.id] + (chip.kind == .spiNOR && isOnlyNOR ? ["nor0"] : [])
        if let device = facts.parts?.devices.first(where: { names.contains($0.id) }), !device.parts.isEmpty {
            if !device.isComplete {
                doubts.append(
                    "mtdparts lists a different number of partitions of \(shown(chip.id)) than it announces")
            }
            return device.parts.map {
                Piece(name: $0.name, offset: $0.offset, size: $0.size, isReadOnly: $0.flags & 1 == 1)
            }
        }
        return fromVariables(chip, names: names, facts)
    }

    private func fromVariables(_ chip: Chip, names: [String], _ facts: UBootFacts) -> [Piece] {
        guard let value = facts.environment?.variables["mtdparts"] else { return [] }
        let ids = UBootPartitionVariables.ids(facts.environment?.variables["mtdids"] ?? "")
        let wanted = Set(names + names.compactMap { ids[$0] })
        let definitions = UBootPartitionVariables.definitions(value)
        // A single definition belongs to a single chip, whatever their names.
        let definition =
            definitions.first { wanted.contains($0.id) }
            ?? (definitions.count == 1 && chips.count == 1 ? definitions.first : nil)
        guard let definition else { return [] }
        return definition.parts.compactMap { part in
            // `-` means the rest of the chip, which is unknown if the chip's size is.
            guard part.offset >= 0, let size = part.size ?? chip.exactSize?.minus(part.offset), size >= 0 else {
                return nil
            }
            return Piece(name: part.name, offset: part.offset, size: size, isReadOnly: part.isReadOnly)
        }
    }

    private func shown(_ name: String) -> String { PrintableText.escaped(name, limit: 40) }
}
