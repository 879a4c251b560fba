internal import FlashAccess
internal import FlashModel

/// What MediaTek's failsafe pages and their console say about the flash. Pure.
struct FailsafeSurvey {
    private(set) var survey: Survey
    private let flash: FailsafeFlash
    /// From the console; nil without one.
    private let list: UBootMTDList?
    /// From the console, by the name of the chip.
    private let bad: [String: UBootBadBlocks]
    private var doubts: [String] = []
    private var chips: [Chip] = []
    private var partitions: [Partition] = []

    /// - Parameters:
    ///   - version: of the loader.
    ///   - devices: what the console printed for `mtd list`.
    ///   - badBlocks: what it printed for `mtd bad NAME`, by name.
    /// - Throws: `noPartitions` if there is no MTD flash.
    init(
        _ system: FailsafeSystem, _ flash: FailsafeFlash, version: String?, devices: [UInt8]?,
        badBlocks: [String: [UInt8]]
    ) throws(FlashkeepError) {
        self.flash = flash
        list = devices.flatMap { UBootMTDList(ByteText.lines(of: $0)) }
        bad = badBlocks.compactMapValues { UBootBadBlocks(ByteText.lines(of: $0)) }
        survey = Survey(table: .complete)
        guard flash.mtd.present, !flash.mtd.parts.isEmpty else { throw Self.noFlash(flash) }
        addChips()
        addPartitions()
        if list == nil {
            doubts.append(
                "the loader's console does not answer, so the places of the partitions and the bad blocks are unknown")
        }
        for line in list?.strayLines.prefix(5) ?? [] {
            doubts.append("a line of mtd list was not understood: \"\(PrintableText.escaped(line, limit: 80))\"")
        }
        if flash.mtd.parts.count > BoardLimits.devices {
            doubts.append("there are more than \(BoardLimits.devices) partitions; the rest are left out")
        }
        survey = Survey(
            board: BoardIdentity(
                model: Self.text(system.board.model),
                compatible: [Self.text(system.board.compatible)].compactMap { $0 },
                bootloader: version.flatMap(Self.text)),
            chips: chips, partitions: partitions, table: TableKnowledge(doubts: doubts),
            otherStorage: Self.storage(flash))
    }

    private static func text(_ value: String?) -> String? {
        value.flatMap { $0.isEmpty ? nil : PrintableText.escaped($0, limit: 100) }
    }

    private static func storage(_ flash: FailsafeFlash) -> [OtherStorageDevice]? {
        guard let mmc = flash.mmc else { return nil }
        guard mmc.present else { return [] }
        return mmc.size.flatMap { Int(exactly: $0) }.map { [OtherStorageDevice(name: "mmc0", size: $0)] }
    }

    private static func noFlash(_ flash: FailsafeFlash) -> FlashkeepError {
        let hasMMC = flash.mmc?.present == true
        return FlashkeepError(
            .noPartitions, what: "The loader shows no flash.",
            why: "Its /backup/info lists no MTD device" + (hasMMC ? ", only an eMMC or SD card." : "."),
            next: hasMMC
                ? "Download that storage with the page's own backup form: Flashkeep backs up only MTD flash."
                : "Read the flash from its console on the serial line, or with a programmer.")
    }

    // MARK: Chips

    private var parts: ArraySlice<FailsafeFlash.Part> { flash.mtd.parts.prefix(BoardLimits.devices) }

    private var masters: [FailsafeFlash.Part] { parts.filter { $0.master == true } }

    private func device(_ name: String) -> UBootMTDList.Device? { list?.devices.first { $0.name == name } }

    private mutating func addChips() {
        for master in masters {
            guard let size = Self.size(master), !chips.contains(where: { $0.id == master.name }), !master.name.isEmpty
            else {
                doubts.append("the chip \"\(Self.shown(master.name))\" has no size, or its name twice; it is left out")
                continue
            }
            let device = device(master.name)
            if let told = device?.size, told != size {
                doubts.append(
                    "/backup/info gives \(Self.shown(master.name)) \(size) bytes, and mtd list \(told)")
            }
            var ecc: Chip.ECC?
            if let strength = device?.eccStrength, let step = device?.eccStepSize, strength > 0, step > 0 {
                ecc = Chip.ECC(strength: strength, stepSize: step)
            }
            var identification = ["name": Self.shown(master.name)]
            if masters.count == 1 { identification["words"] = Self.text(flash.mtd.model) }
            chips.append(
                Chip(
                    id: master.name, kind: kind(device), size: .exact(size),
                    eraseBlockSize: Self.known(device?.blockSize),
                    pageSize: max(1, device?.pageSize ?? 1), oobSize: Self.known(device?.oobSize), ecc: ecc,
                    identification: identification, source: device == nil ? "backup-info" : "mtd list"))
        }
        // Without a whole chip, the partitions are still on one.
        guard chips.isEmpty else { return }
        let least = parts.compactMap(Self.size).reduce(0, max)
        chips = [
            Chip(
                id: "chip0", kind: kind(nil), size: .atLeast(least), eraseBlockSize: 0, pageSize: 1, oobSize: 0,
                source: "guess")
        ]
    }

    /// 0 stands for a size that is not known.
    private static func known(_ size: Int?) -> Int { size ?? 0 }

    private func kind(_ device: UBootMTDList.Device?) -> Chip.Kind {
        if let device, device.kind != .unknown { return device.kind }
        // The type is that of the first whole chip.
        guard masters.count <= 1 else { return .unknown }
        switch flash.mtd.type {
        case 3?: return .nor
        case 4?: return .nand
        case 8?: return .mlcNAND
        default: return .unknown
        }
    }

    /// In bytes; nil if it is none that flash has.
    private static func size(_ part: FailsafeFlash.Part) -> Int? {
        guard let size = Int(exactly: part.size), size > 0, size <= BoardLimits.number else { return nil }
        return size
    }

    private static func shown(_ name: String) -> String { PrintableText.escaped(name, limit: 60) }

    // MARK: Partitions

    private mutating func addPartitions() {
        var names: Set<String> = []
        for (index, part) in parts.enumerated() {
            guard let size = Self.size(part), !part.name.isEmpty, names.insert(part.name).inserted else {
                doubts.append(
                    "\"\(Self.shown(part.name))\" in /backup/info has an impossible size, or its name twice; it is left out"
                )
                continue
            }
            let place = place(of: part, size)
            guard let chip = chips.first(where: { $0.id == place.chip }) ?? chips.first else { continue }
            let parent =
                place.offset == nil || part.master == true
                ? nil : partitions.first { $0.name == chip.id && $0.offsetSource == .wholeChip }?.index
            partitions.append(
                Partition(
                    index: index, numbering: .ordinal, name: part.name, chip: chip.id, offset: place.offset,
                    offsetSource: place.source, size: size, eraseBlockSize: chip.eraseBlockSize,
                    pageSize: chip.pageSize,
                    oobSize: chip.oobSize, type: chip.kind.rawValue, parent: parent,
                    role: place.source == .wholeChip ? .unknown : .ofName(part.name),
                    badBlocks: badBlocks(chip, place.offset, size)))
        }
    }

    private func place(
        of part: FailsafeFlash.Part, _ size: Int
    ) -> (chip: String?, offset: Int?, source: Partition.OffsetSource) {
        if part.master == true { return (part.name, 0, .wholeChip) }
        let found = (list?.devices ?? []).flatMap { device in
            device.parts.filter { $0.name == part.name && $0.size == size }.map { (device.name, $0.offset) }
        }
        // The table is the loader's own claim, as with U-Boot on a console.
        if found.count == 1, let (chip, offset) = found.first, let whole = chips.first(where: { $0.id == chip }),
            let end = offset.plus(size), end <= whole.leastSize
        {
            return (chip, offset, .commandLine)
        }
        return (masters.count == 1 ? masters.first?.name : nil, nil, .none)
    }

    private func badBlocks(_ chip: Chip, _ offset: Int?, _ size: Int) -> BadBlockKnowledge? {
        switch chip.kind {
        case .nor, .spiNOR, .dataflash, .ram, .rom: return nil
        case .nand, .mlcNAND, .spiNAND, .unknown: break
        }
        let block = chip.eraseBlockSize
        guard let known = bad[chip.id], let offset, block > 0, let end = offset.plus(size) else {
            return BadBlockKnowledge(
                bad: [], source: "none", isComplete: false,
                note: "the loader's console did not list them, and its page sends other bytes in their place")
        }
        func blocks(_ offsets: [Int]) -> [Int] {
            Array(Set(offsets.filter { $0 >= offset && $0 < end }.map { ($0 - offset) / block })).sorted()
        }
        let table = Set(known.reserved)
        return BadBlockKnowledge(
            bad: blocks(known.offsets.filter { !table.contains($0) }), table: blocks(known.reserved), source: "mtd bad",
            isComplete: known.isComplete, note: known.isComplete ? nil : "a line of the list was not understood")
    }
}
