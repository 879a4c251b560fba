import FlashAccess
import FlashModel

/// The chips of the MTD devices, with what the kernel's log and sysfs say about them.
struct LinuxChips {
    private(set) var chips: [Chip] = []
    /// Why there may be flash that no MTD device shows; one line each.
    private(set) var doubts: [String] = []
    private(set) var ids: [ChipGrouping.Key: String] = [:]

    private let facts: LinuxFacts
    private let devices: MTDDevices
    private let places: MTDPlaces
    private let grouping: ChipGrouping

    init(_ devices: MTDDevices, _ places: MTDPlaces, _ grouping: ChipGrouping) {
        facts = devices.facts
        self.devices = devices
        self.places = places
        self.grouping = grouping
        makeChips()
    }

    private mutating func makeChips() {
        var order: [ChipGrouping.Key] = []
        for device in devices.all {
            guard let key = grouping.keys[device.index], !order.contains(key) else { continue }
            order.append(key)
        }
        let nandCount = order.filter { key in kind(key).isNAND }.count
        for key in order {
            let chip = chip(key, number: chips.count, nandCount: nandCount)
            chips.append(chip)
            ids[key] = chip.id
        }
        lookForOthers(than: order)
    }

    /// Finds flash that the kernel's log names but no MTD device shows. Does nothing if any chip's name is unknown:
    /// that chip could be the one in the log. Its size is unknown too.
    private mutating func lookForOthers(than order: [ChipGrouping.Key]) {
        let names = order.map(names)
        guard !names.contains(where: \.isEmpty) else { return }
        let known = Set(names.joined())
        var others: Set<String> = []
        for chip in facts.kernelLog.spiNOR where !known.contains(chip.device) { others.insert(chip.device) }
        for (number, group) in facts.kernelLog.groups.enumerated()
        where group.parentLine == nil && !known.contains(group.master) {
            let lines = facts.kernelLog.lines.filter { $0.group == number && !$0.isDisabled }
            let isShown = lines.contains { line in
                devices.all.contains { $0.name == line.name && $0.size == line.size }
            }
            if !lines.isEmpty, !isShown { others.insert(group.master) }
        }
        for name in others.sorted().prefix(8) {
            doubts.append(
                "the kernel's log names flash \"\(PrintableText.escaped(name, limit: 60))\", but no MTD device belongs to it"
            )
        }
    }

    /// The names that the kernel may use for the chip of a key.
    private func names(_ key: ChipGrouping.Key) -> [String] {
        var names: [String] = []
        switch key {
        case .path(let path, _): names += path.last.map { [$0] } ?? []
        case .master(let index):
            names += devices.device(index)?.sysfs?.chipPath?.last.map { [$0] } ?? []
            names += devices.device(index).map { [$0.name] } ?? []
        case .group, .tree, .shape: break
        case .commandLine(let id): names.append(id)
        }
        for device in grouping.members(key) {
            if let line = devices.match.line[device.index], let chip = devices.match.chip(ofLine: line),
                !names.contains(chip.name)
            {
                names.append(chip.name)
            }
        }
        return names
    }

    private func kind(_ key: ChipGrouping.Key) -> Chip.Kind {
        let members = grouping.members(key)
        let names = names(key)
        let isSPI =
            facts.kernelLog.spiNOR.contains { names.contains($0.device) }
            || names.contains { ByteText($0).hasPrefix("spi") }
        switch members.compactMap(\.type).first {
        case "nor": return isSPI ? .spiNOR : .nor
        case "nand": return isSPI ? .spiNAND : .nand
        case "mlc-nand": return .mlcNAND
        case "dataflash": return .dataflash
        case "ram": return .ram
        case "rom": return .rom
        case .some: return .unknown
        case nil: break
        }
        if facts.kernelLog.spiNOR.contains(where: { names.contains($0.device) }) { return .spiNOR }
        if facts.kernelLog.cfi.contains(where: { names.contains($0.device) }) { return .nor }
        if facts.kernelLog.nand.contains(where: { nand in nand.words.map(names.contains) ?? false })
            || names.contains(where: { $0.lowercased().contains("nand") })
        {
            return .nand
        }
        return .unknown
    }

    private func chip(_ key: ChipGrouping.Key, number: Int, nandCount: Int) -> Chip {
        let members = grouping.members(key)
        let names = names(key)
        let kind = kind(key)
        let master = members.first(where: \.isMaster)
        let sample = master ?? members.first { $0.type != nil } ?? members.first
        var identification: [String: String] = [:]
        if let name = names.first { identification["name"] = PrintableText.escaped(name) }
        if case .path(let path, _) = key {
            identification["path"] = PrintableText.escaped(path.joined(separator: "/"), limit: 1000)
        }
        if case .tree(let node) = key { identification["device-tree"] = PrintableText.escaped(node, limit: 1000) }
        for name in names {
            for (key, value) in facts.spiDevices[name] ?? [:] {
                identification[key] = PrintableText.escaped(value)
            }
        }

        var size = 0
        for device in members {
            // A guessed offset says nothing about where the chip ends, only that it is at least as large as the
            // partition.
            let isPlaced = places.places[device.index].map { $0.source != .guess } ?? false
            size = max(size, (isPlaced ? places.range(device)?.upperBound : nil) ?? device.size)
        }
        var knowledge = Chip.SizeKnowledge.atLeast
        var pageSize = sample?.pageSize
        var oobSize = sample?.oobSize
        if let master {
            (size, knowledge) = (max(size, master.size), size > master.size ? .atLeast : .exact)
        }
        let known = sizeInLog(names: names, kind: kind, nandCount: nandCount)
        if let nand = known.nand {
            identification["words"] = nand.words.map { PrintableText.escaped($0) }
            identification["manufacturer-id"] = nand.manufacturerID.map { PrintableText.escaped($0) }
            identification["chip-id"] = nand.chipID.map { PrintableText.escaped($0) }
            pageSize = pageSize ?? nand.pageSize
            oobSize = oobSize ?? nand.oobSize
        }
        if let words = known.words { identification["words"] = PrintableText.escaped(words) }
        if master == nil, let logged = known.size, logged >= size, facts.kernelLog.remapping == nil {
            (size, knowledge) = (logged, .exact)
        }
        if let remapping = facts.kernelLog.remapping, kind.isNAND { identification["remapping"] = remapping }

        let ecc: Chip.ECC? =
            if let strength = sample?.sysfs?.eccStrength, let step = sample?.sysfs?.eccStepSize, strength > 0, step > 0
            {
                Chip.ECC(strength: strength, stepSize: step)
            } else {
                nil
            }
        return Chip(
            id: id(names: names, key: key, number: number), kind: kind, size: size, sizeKnowledge: knowledge,
            eraseBlockSize: members.map(\.eraseSize).max() ?? 0, pageSize: max(1, pageSize ?? 1),
            oobSize: oobSize ?? 0, ecc: ecc, identification: identification, source: source(key))
    }

    private func sizeInLog(
        names: [String], kind: Chip.Kind, nandCount: Int
    ) -> (size: Int?, nand: KernelLog.NAND?, words: String?) {
        let log = facts.kernelLog
        let serial = log.spiNOR.filter { names.contains($0.device) }
        if let found = serial.last {
            return (serial.allSatisfy { $0.size == found.size } ? found.size : nil, nil, found.part)
        }
        if let found = log.cfi.first(where: { names.contains($0.device) }) {
            return (found.size > 0 ? found.size : nil, nil, found.words)
        }
        if kind.isNAND {
            if let found = log.nand.first(where: { nand in nand.device.map(names.contains) ?? false }) {
                return (found.size, found, nil)
            }
            // With one NAND chip on the board and one in the log (perhaps repeatedly, after its driver was reloaded),
            // they are the same.
            if nandCount == 1, let found = log.nand.last, log.nand.allSatisfy({ $0.size == found.size }) {
                return (found.size, found, nil)
            }
        }
        return (nil, nil, nil)
    }

    private func source(_ key: ChipGrouping.Key) -> String {
        switch key {
        case .path, .master: "sysfs"
        case .group: "dmesg"
        case .tree: "device-tree"
        case .commandLine: "cmdline"
        case .shape: grouping.members(key).contains { $0.sysfs != nil } ? "sysfs" : "guess"
        }
    }

    /// An unused id: the kernel's name for the chip if that is a plain word, else `chipN`.
    private func id(names: [String], key: ChipGrouping.Key, number: Int) -> String {
        let taken = Set(chips.map(\.id))
        let name = names.first { name in
            (1...40).contains(name.utf8.count)
                && name.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                        || byte == 0x2D || byte == 0x2E || byte == 0x5F
                }
        }
        guard let name else { return unused("chip\(number)", taken) }
        return unused(name, taken)
    }

    private func unused(_ name: String, _ taken: Set<String>) -> String {
        guard taken.contains(name) else { return name }
        var number = 2
        while taken.contains("\(name)-\(number)") { number += 1 }
        return "\(name)-\(number)"
    }
}
