import FlashAccess
import FlashModel

/// The chips that U-Boot reports, and the partitions on them.
struct UBootChipMap {
    var chips: [Chip] = []
    var partitions: [Partition] = []
    /// How to read each chip. Chips that U-Boot cannot read are absent.
    var windows: [Chip.ID: UBootWindow] = [:]
    var warnings: [String] = []
    /// Reasons why there may be flash in neither list, or why an entry may be wrong; one line each.
    var doubts: [String] = []
    /// The number of bytes that U-Boot can read correctly, by ``Chip/id``, if that is not the whole chip.
    var reach: [String: Int] = [:]
    /// Chips whose bad blocks a layer below remaps, by ``Chip/id``.
    var remapped: Set<Chip.ID> = []
    /// Serial NOR that `nand info` lists as well, by ``Chip/id``.
    var serialInNAND: [Chip.ID] = []

    init(_ facts: UBootFacts) {
        if let mtd = facts.mtd {
            for device in mtd.devices { add(device) }
            for line in mtd.strayLines.prefix(5) { doubt("a line of mtd list was not understood", line) }
        }
        joinRemapped()
        if let flash = facts.flash {
            for bank in flash.banks { add(bank) }
            for number in flash.missing {
                doubts.append("U-Boot is configured for a flash bank \(number), but found no known chip there")
            }
        }
        // `Bank # 1: The hell do you want flinfo for??` of AR71xx: bdinfo has the flash.
        let isMapped = addMapped(facts)
        for number in facts.flash?.misunderstood ?? [] where !(isMapped && facts.flash?.banks.isEmpty == true) {
            doubts.append("the flinfo output for flash bank \(number) was not understood")
        }
        for answer in facts.misunderstood where !(isMapped && answer.question == "flinfo") {
            doubt("U-Boot's answer to \(answer.question) was not understood", answer.line)
        }
        if let spi = facts.spi { add(spi, version: facts.version, isSeparate: facts.found.isSerialFlashSeparate) }
        if let printed = facts.printedSerial { add(printed) }
        if let nand = facts.nand {
            for device in nand.devices { add(device) }
            for line in nand.strayLines.prefix(5) { doubt("a line of nand info was not understood", line) }
        }
        if let log = facts.startLog { add(log, facts) }
        for (position, chip) in chips.enumerated() {
            note(facts.found.sizes[chip.id], at: position, "the first read that lies outside")
        }
        for given in facts.given.flash { add(given) }
    }

    mutating func doubt(_ words: String, _ line: String) {
        doubts.append("\(words): \"\(PrintableText.escaped(line, limit: 80))\"")
    }

    /// Whether another chip can be added.
    mutating func hasRoom(for name: String) -> Bool {
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

    /// Whether `sf probe` speaks of a chip that is known: by `mtd list`, or because the board maps it into memory.
    ///
    /// - Parameter isSeparate: whether the mapped flash is known to hold other bytes.
    private func isSame(_ chip: Chip, _ spi: UBootSPIFlash, isSeparate: Bool) -> Bool {
        chip.kind == .spiNOR && (spi.size == nil || chip.exactSize == spi.size)
            || chip.source == "bdinfo" && !isSeparate && chip.exactSize == spi.size
    }

    mutating func add(_ spi: UBootSPIFlash, version: UBootVersion?, isSeparate: Bool = false) {
        let position: Int
        if let known = chips.firstIndex(where: { isSame($0, spi, isSeparate: isSeparate) }) {
            chips[known].kind = .spiNOR
            if chips[known].eraseBlockSize == 0, let size = spi.eraseSize { chips[known].eraseBlockSize = size }
            chips[known].identification["spi-nor"] = spi.name
            position = known
        } else {
            guard hasRoom(for: spi.name) else { return }
            let id = freeName("spi")
            let size: Chip.Size =
                switch spi.size {
                case let size? where spi.isSizeExact: .exact(size)
                case let size: .atLeast(size ?? 0)
                }
            chips.append(
                Chip(
                    id: id, kind: .spiNOR, size: size, eraseBlockSize: spi.eraseSize ?? 0, pageSize: 1, oobSize: 0,
                    identification: ["command": "sf", "spi-nor": spi.name], source: "sf probe"))
            windows[id] = .spi
            position = chips.count - 1
        }
        if let size = spi.id?.size { note(size, at: position, "the chip's id") }
        let limit = UBootSurvey.shortAddressLimit
        guard let size = spi.size, size > limit else { return }
        let id = chips[position].id
        // Before 2013.07 there were only 3-byte addresses, and no warning.
        let isOld = version.map { !$0.isAtLeast(2013, 7) } ?? false
        if spi.isCutAt16MiB || isOld {
            reach[id] = limit
            warnings.append(
                "\(shown(id)) has \(ByteCount.text(size)), but this U-Boot reads only its lower 16 MiB (3-byte "
                    + "addresses): the rest cannot be saved this way")
        } else if version?.isAtLeast(2018, 9) != true {
            doubts.append(
                "\(shown(id)) is larger than 16 MiB, and older U-Boots read its start again in place of the rest: "
                    + "compare the two")
        }
    }

    private mutating func add(_ device: UBootNANDInfo.Device) {
        if device.isSerialNOR { return addSerial(device) }
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

    /// Qualcomm's U-Boot lists serial NOR as a NAND device too: pages of 256 bytes without OOB.
    private mutating func addSerial(_ device: UBootNANDInfo.Device) {
        if let position = chips.firstIndex(where: { $0.kind == .spiNOR }) {
            chips[position].identification["nand"] = device.name
            serialInNAND.append(chips[position].id)
            return
        }
        let id = freeName("spi")
        guard hasRoom(for: id) else { return }
        chips.append(
            Chip(
                id: id, kind: .spiNOR, size: device.size.map { .exact($0) } ?? .atLeast(0),
                eraseBlockSize: device.eraseSize, pageSize: 1, oobSize: 0,
                identification: ["command": "nand", "nand": device.name], source: "nand info"))
        windows[id] = .nand(device.index)
        serialInNAND.append(id)
    }

    func shown(_ name: String) -> String { PrintableText.escaped(name, limit: 40) }
}
