import FlashAccess
import FlashModel

/// From all that a Linux board says of its flash to one layout: chips, and each MTD device's absolute place.
///
/// Sources contradict one another: sysfs is believed before the kernel's log, the log before the device tree, that
/// before `mtdparts=` on the command line; what nothing tells is guessed by stacking sizes, and marked as a guess.
/// Where it is not sure that two devices are on the same chip, they are taken to be on two: the same bytes may then be
/// read twice, but never is one chip's content taken for another's.
struct LinuxPartitionMap {
    private(set) var chips: [Chip] = []
    private(set) var partitions: [Partition] = []
    private(set) var warnings: [String] = []
    /// Why there may be flash that no MTD device shows, or more of it; one line each.
    private(set) var doubts: [String] = []

    /// An MTD device with what is known of it so far.
    private struct Device {
        var index: Int
        var name: String
        var size: Int
        var eraseSize: Int
        var sysfs: SysfsMTD.Device?
        /// What mtdinfo tells; used where there is no sysfs.
        var info: MTDInfoMap?
        var isUBIVolume: Bool
        var parent: Int?
        /// Whether it may be a part of a device that is not known: then its offset, counted from there, says nothing.
        var isParentUnknown = false
        /// Whether it is a whole chip.
        var isMaster = false

        var type: String? { sysfs?.type ?? info?.type }
        var pageSize: Int? { sysfs?.writeSize ?? info?.pageSize }
        var oobSize: Int? { sysfs?.oobSize ?? info?.oobSize }
    }

    /// What tells chips apart.
    private enum ChipKey: Hashable {
        /// The chip's own device below `/sys/devices`; with the log's group where several chips share a device.
        case path([String], group: Int?)
        /// The whole chip is itself an MTD device.
        case master(Int)
        /// A `Creating …` group of the log.
        case group(Int)
        /// A flash node of the device tree.
        case tree(String)
        /// An id of `mtdparts=`.
        case commandLine(String)
        /// Nothing but the same properties; the number tells those apart that cannot be on one chip.
        case shape([String], number: Int)
    }

    private let facts: LinuxFacts
    private var devices: [Device] = []
    private var match: LogMatch
    private var treePart: [Int: DeviceTree.Part] = [:]
    private var commandPart: [Int: (id: String, part: PartitionDefinition.Part)] = [:]
    private var keys: [Int: ChipKey] = [:]
    private var places: [Int: (offset: Int, source: Partition.OffsetSource)] = [:]

    init(_ facts: LinuxFacts) {
        self.facts = facts
        match = LogMatch(log: facts.kernelLog, devices: [])
        collect()
        match = LogMatch(
            log: facts.kernelLog,
            devices: devices.filter { !$0.isUBIVolume }.map { ($0.index, $0.name, $0.size) })
        findParents()
        findMasters()
        matchDeviceTree()
        matchCommandLine()
        for device in devices { places[device.index] = place(device) }
        assignChips()
        guess()
        makeChips()
        makePartitions()
        crossCheck()
    }

    /// Position in ``devices``, by number.
    private var positions: [Int: Int] = [:]

    private func device(_ index: Int) -> Device? { positions[index].map { devices[$0] } }

    private static func shown(_ device: (index: Int, name: String)) -> String {
        "mtd\(device.index) (\"\(PrintableText.escaped(device.name, limit: 60))\")"
    }

    private func shown(_ index: Int) -> String {
        Self.shown((index, device(index)?.name ?? ""))
    }

    // MARK: - Devices

    private mutating func collect() {
        let table = facts.procMTD.entries
        for entry in table {
            let sysfs = facts.sysfs.devices[entry.index]
            add(index: entry.index, name: entry.name, size: entry.size, eraseSize: entry.eraseSize, sysfs: sysfs)
            guard let sysfs else { continue }
            if let size = sysfs.size, size != entry.size {
                doubts.append(
                    "\(Self.shown((entry.index, entry.name))): /proc/mtd says \(entry.size) bytes, sysfs \(size)")
            }
            if let eraseSize = sysfs.eraseSize, eraseSize != entry.eraseSize {
                warnings.append(
                    "\(Self.shown((entry.index, entry.name))): /proc/mtd says erase blocks of \(entry.eraseSize) "
                        + "bytes, sysfs \(eraseSize)")
            }
            if let name = sysfs.name, name != entry.name {
                warnings.append(
                    "\(Self.shown((entry.index, entry.name))): sysfs calls it \"\(PrintableText.escaped(name))\"")
            }
        }
        let known = Set(table.map(\.index))
        for (index, sysfs) in facts.sysfs.devices.sorted(by: { $0.key < $1.key }) where !known.contains(index) {
            guard devices.count < BoardLimits.devices, let size = sysfs.size else { continue }
            add(index: index, name: sysfs.name ?? "", size: size, eraseSize: sysfs.eraseSize ?? 0, sysfs: sysfs)
            warnings.append("\(Self.shown((index, sysfs.name ?? ""))) is in sysfs but not in /proc/mtd")
        }
        devices.sort { $0.index < $1.index }
        for (position, device) in devices.enumerated() { positions[device.index] = position }
    }

    private mutating func add(index: Int, name: String, size: Int, eraseSize: Int, sysfs: SysfsMTD.Device?) {
        let info = facts.blockMaps[index]
        let isUBI =
            (sysfs?.type ?? info?.type).map { $0 == "ubi" } ?? looksLikeUBIVolume(name: name, eraseSize: eraseSize)
        devices.append(
            Device(
                index: index, name: name, size: size, eraseSize: eraseSize, sysfs: sysfs, info: info,
                isUBIVolume: isUBI))
    }

    /// Without sysfs: a UBI volume as MTD device (gluebi) has erase blocks that are a page or two smaller than those
    /// of the device below. It is taken for one only where UBI is seen to be at work.
    private func looksLikeUBIVolume(name: String, eraseSize: Int) -> Bool {
        guard eraseSize > 1024, eraseSize & (eraseSize - 1) != 0 else { return false }
        let hasUBI =
            !facts.kernelLog.ubiAttached.isEmpty || !facts.ubi.isEmpty
            || facts.mounts.entries.contains {
                if case .ubi = $0.base { true } else { false }
            }
        return hasUBI
            && facts.procMTD.entries.contains { other in
                other.eraseSize > eraseSize && other.eraseSize & (other.eraseSize - 1) == 0
                    && other.eraseSize - eraseSize <= other.eraseSize / 8
            }
    }

    // MARK: - Parents

    private mutating func findParents() {
        var deviceOfLine: [Int: Int] = [:]
        for (index, line) in match.line { deviceOfLine[line] = index }
        for position in devices.indices {
            let index = devices[position].index
            if let sysfs = devices[position].sysfs, !sysfs.path.isEmpty {
                devices[position].parent = sysfs.parent
            } else if let line = match.line[index], let parentLine = match.parentLine(of: line) {
                devices[position].parent = deviceOfLine[parentLine]
            }
            if let parent = devices[position].parent, parent == index || device(parent) == nil {
                devices[position].parent = nil
                devices[position].isParentUnknown = true
            }
            if let sysfs = devices[position].sysfs, sysfs.path.isEmpty, match.line[index] == nil {
                devices[position].isParentUnknown = true
            }
        }
        // A chain of parents that comes back to its start would be the board's lie; it is cut.
        for position in devices.indices {
            var seen: Set<Int> = [devices[position].index]
            var next = devices[position].parent
            while let current = next {
                if !seen.insert(current).inserted {
                    devices[position].parent = nil
                    devices[position].isParentUnknown = true
                    break
                }
                next = device(current)?.parent
            }
        }
    }

    /// Whole chips are devices of sysfs without the attribute `offset`, on kernels that have that attribute (4.1).
    private mutating func findMasters() {
        let isOffsetKnown =
            devices.contains { $0.sysfs?.offset != nil }
            || facts.kernelVersion.map { $0 >= LinuxFacts.KernelVersion(major: 4, minor: 1) } ?? false
        guard isOffsetKnown else { return }
        for position in devices.indices {
            let device = devices[position]
            guard let sysfs = device.sysfs, sysfs.offset == nil, !sysfs.path.isEmpty, !device.isUBIVolume,
                device.parent == nil, !device.isParentUnknown, device.size > 0
            else { continue }
            devices[position].isMaster = true
        }
    }

    // MARK: - Other sources

    private mutating func matchDeviceTree() {
        let parts = facts.deviceTree.parts
        for device in devices where !device.isUBIVolume {
            if let node = device.sysfs?.deviceTreeNode, let part = parts.first(where: { $0.path == node }) {
                treePart[device.index] = part
                continue
            }
            let named = parts.filter { $0.name == device.name && ($0.size == device.size || $0.size == 0) }
            let alike = devices.filter { $0.name == device.name && $0.size == device.size }
            if let part = named.first, named.count == 1, alike.count == 1 {
                treePart[device.index] = part
            }
        }
    }

    private func treeOffset(_ part: DeviceTree.Part) -> Int? {
        var sum = part.offset
        var parent = part.parent
        for _ in 0..<16 {
            guard let path = parent else { return sum }
            guard let outer = facts.deviceTree.parts.first(where: { $0.path == path }),
                let next = sum.plus(outer.offset)
            else { return nil }
            sum = next
            parent = outer.parent
        }
        return nil
    }

    private mutating func matchCommandLine() {
        for definition in facts.commandLine.mtdparts {
            for part in definition.parts {
                let named = devices.filter { device in
                    device.name == part.name && !device.isUBIVolume && (part.size.map { $0 == device.size } ?? true)
                }
                let alike = facts.commandLine.mtdparts.flatMap(\.parts).filter {
                    $0.name == part.name && $0.size == part.size
                }
                if let device = named.first, named.count == 1, alike.count == 1 {
                    commandPart[device.index] = (definition.id, part)
                }
            }
        }
    }

    // MARK: - Places

    /// The place by the best source but guessing.
    private func place(_ device: Device) -> (offset: Int, source: Partition.OffsetSource)? {
        // The kernel sets both to 0 when it disables a partition: that is no place.
        guard !device.isUBIVolume, device.size > 0 else { return nil }
        if device.isMaster { return (0, .wholeChip) }
        if let offset = sysfsOffset(device) { return (offset, .sysfs) }
        if let line = match.line[device.index], match.chip(ofLine: line) != nil,
            let offset = match.start(ofLine: line)
        {
            return (offset, .dmesg)
        }
        if let part = treePart[device.index], let offset = treeOffset(part) { return (offset, .deviceTree) }
        if let part = commandPart[device.index]?.part { return (part.offset, .commandLine) }
        return nil
    }

    /// The attribute `offset` is relative to the immediate parent: the sum over all parents.
    private func sysfsOffset(_ device: Device) -> Int? {
        var sum = 0
        var next: Device? = device
        while let current = next {
            if current.isMaster { break }
            guard !current.isParentUnknown, let offset = current.sysfs?.offset, let value = sum.plus(offset) else {
                return nil
            }
            sum = value
            next = current.parent.flatMap { self.device($0) }
        }
        return sum
    }

    private func range(_ device: Device) -> Range<Int>? {
        guard let place = places[device.index], let end = place.offset.plus(device.size) else { return nil }
        return place.offset..<end
    }

    // MARK: - Chips

    private mutating func assignChips() {
        var groupsOfPath: [[String]: Set<Int>] = [:]
        for device in devices where !device.isMaster {
            if let path = root(device).sysfs?.chipPath, let group = logGroup(root(device)) {
                groupsOfPath[path, default: []].insert(group)
            }
        }
        for device in devices where !device.isUBIVolume {
            keys[device.index] = key(device, groupsOfPath)
        }
        // Children go with their parents, whatever else is known.
        for device in devices where device.parent != nil {
            keys[device.index] = keys[root(device).index]
        }
        splitShapes()
    }

    /// The outermost device that it is a part of.
    private func root(_ device: Device) -> Device {
        var current = device
        for _ in devices {
            guard let parent = current.parent.flatMap({ self.device($0) }) else { break }
            current = parent
        }
        return current
    }

    private func logGroup(_ device: Device) -> Int? {
        match.line[device.index].flatMap { match.chip(ofLine: $0)?.group }
    }

    private func key(_ device: Device, _ groupsOfPath: [[String]: Set<Int>]) -> ChipKey {
        if device.isMaster { return .master(device.index) }
        let group = logGroup(device)
        if let path = device.sysfs?.chipPath {
            // Two chips behind one controller share its folder; the log's groups tell them apart.
            let isShared = (groupsOfPath[path]?.count ?? 0) > 1
            return .path(path, group: isShared ? group ?? -1 : nil)
        }
        if let group { return .group(group) }
        switch places[device.index]?.source {
        case .deviceTree: if let part = treePart[device.index] { return .tree(part.flash) }
        case .commandLine: if let part = commandPart[device.index] { return .commandLine(part.id) }
        case .sysfs, .dmesg, .wholeChip, .guess, nil, .some(.none): break
        }
        return .shape(
            [
                device.type ?? "", "\(device.eraseSize)", "\(device.pageSize ?? 0)", "\(device.oobSize ?? 0)",
                places[device.index] == nil ? "unplaced" : "placed",
            ], number: 0)
    }

    /// Devices that only look alike and share bytes if they were on one chip are put on chips of their own: to read a
    /// byte twice is harmless, to take one chip's content for another's is not.
    private mutating func splitShapes() {
        var members: [ChipKey: [Range<Int>]] = [:]
        for device in devices where device.parent == nil {
            guard case .shape(let shape, _)? = keys[device.index], let range = range(device) else { continue }
            var number = 0
            while members[.shape(shape, number: number)]?.contains(where: { $0.overlaps(range) }) ?? false {
                number += 1
            }
            if number > 0 {
                warnings.append(
                    "\(shown(device.index)) would overlap others if it were on the same chip; it is unknown whether it "
                        + "is, so it is read separately")
            }
            members[.shape(shape, number: number), default: []].append(range)
            keys[device.index] = .shape(shape, number: number)
        }
        for device in devices where device.parent != nil {
            keys[device.index] = keys[root(device).index]
        }
    }

    // MARK: - Guessing

    /// Where nothing tells a place, partitions mostly follow one another in the order of their numbers. A device called
    /// firmware is mostly divided into the ones behind it, if their sizes fill it; so is any device that all the rest
    /// together fill: a whole chip.
    ///
    /// A guess ends where it cannot be right: behind a partition that is no whole erase blocks, and where the partitions
    /// together are larger than any chip that the kernel's log names. What follows has no known place.
    private mutating func guess() {
        var shapes: [ChipKey: [Device]] = [:]
        for device in devices where !device.isUBIVolume && device.size > 0 && places[device.index] == nil {
            if let key = keys[device.index], case .shape = key { shapes[key, default: []].append(device) }
        }
        for members in shapes.values {
            guard let guessed = stacked(members) else { continue }
            for (index, offset) in guessed { places[index] = (offset, .guess) }
        }
    }

    /// Places of partitions that follow one another; nil where no chip is as large as they are together.
    private func stacked(_ members: [Device]) -> [(index: Int, offset: Int)]? {
        let largest = [
            facts.kernelLog.spiNOR.map(\.size).max(), facts.kernelLog.cfi.map(\.size).max(),
            facts.kernelLog.nand.map(\.size).max(),
        ].compactMap { $0 }.max().flatMap { $0 > 0 ? $0 : nil }
        var guessed: [(index: Int, offset: Int)] = []
        var position: Int? = 0
        var next = 0
        while next < members.count, let start = position {
            let device = members[next]
            guard let end = start.plus(device.size), end <= largest ?? .max else { return nil }
            guessed.append((device.index, start))
            next += 1
            for offset in divided(device, into: members[next...]) {
                guard let place = start.plus(offset) else { break }
                guessed.append((members[next].index, place))
                next += 1
            }
            position = device.size % max(1, device.eraseSize) == 0 ? end : nil
        }
        return guessed
    }

    /// Where those of the following devices begin, from this one's start, that divide it; none where they do not fill it.
    private func divided(_ device: Device, into following: ArraySlice<Device>) -> [Int] {
        let isFirmware = device.name.lowercased().hasPrefix("firmware")
        // Within firmware, a kernel that is no whole erase blocks is followed at once by what it mounts, or after the rest
        // of its block.
        for isAligned in isFirmware ? [false, true] : [true] {
            var starts: [Int] = []
            var sum = 0
            for part in following where sum < device.size {
                guard let next = sum.plus(part.size),
                    let end = isAligned ? next.roundedUp(to: max(1, part.eraseSize)) : next, end <= device.size
                else {
                    sum = 0
                    break
                }
                starts.append(sum)
                sum = end
            }
            if sum == device.size, starts.count >= 2, isFirmware || starts.count == following.count { return starts }
        }
        return []
    }

    // MARK: - Results

    private mutating func makeChips() {
        var order: [ChipKey] = []
        for device in devices {
            guard let key = keys[device.index], !order.contains(key) else { continue }
            order.append(key)
        }
        let nandCount = order.filter { key in kind(key).isNAND }.count
        for key in order {
            let chip = chip(key, number: chips.count, nandCount: nandCount)
            chips.append(chip)
            chipIDs[key] = chip.id
        }
        lookForOthers(than: order)
    }

    /// Flash that the kernel's log names and that no MTD device shows. Of a chip whose name is not known nothing tells
    /// whether it is the one in the log; its size is not known either.
    private mutating func lookForOthers(than order: [ChipKey]) {
        let names = order.map(names)
        guard !names.contains(where: \.isEmpty) else { return }
        let known = Set(names.joined())
        var others: Set<String> = []
        for chip in facts.kernelLog.spiNOR where !known.contains(chip.device) { others.insert(chip.device) }
        for (number, group) in facts.kernelLog.groups.enumerated()
        where group.parentLine == nil && !known.contains(group.master) {
            let lines = facts.kernelLog.lines.filter { $0.group == number && !$0.isDisabled }
            let isShown = lines.contains { line in devices.contains { $0.name == line.name && $0.size == line.size } }
            if !lines.isEmpty, !isShown { others.insert(group.master) }
        }
        for name in others.sorted().prefix(8) {
            doubts.append(
                "the kernel's log names flash \"\(PrintableText.escaped(name, limit: 60))\", but no MTD device belongs "
                    + "to it"
            )
        }
    }

    private var chipIDs: [ChipKey: String] = [:]

    private func members(_ key: ChipKey) -> [Device] { devices.filter { keys[$0.index] == key } }

    /// Names by which the kernel may call the chip of a key.
    private func names(_ key: ChipKey) -> [String] {
        var names: [String] = []
        switch key {
        case .path(let path, _): names += path.last.map { [$0] } ?? []
        case .master(let index):
            names += device(index)?.sysfs?.chipPath?.last.map { [$0] } ?? []
            names += device(index).map { [$0.name] } ?? []
        case .group, .tree, .shape: break
        case .commandLine(let id): names.append(id)
        }
        for device in members(key) {
            if let line = match.line[device.index], let chip = match.chip(ofLine: line), !names.contains(chip.name) {
                names.append(chip.name)
            }
        }
        return names
    }

    private func kind(_ key: ChipKey) -> Chip.Kind {
        let members = members(key)
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

    private func chip(_ key: ChipKey, number: Int, nandCount: Int) -> Chip {
        let members = members(key)
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
            // A guessed place says nothing of where the chip ends; that the partition fits says a little.
            let isPlaced = places[device.index].map { $0.source != .guess } ?? false
            size = max(size, (isPlaced ? range(device)?.upperBound : nil) ?? device.size)
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
            // With one NAND chip on the board and one in the log (perhaps many times, after its driver was loaded anew)
            // they are the same.
            if nandCount == 1, let found = log.nand.last, log.nand.allSatisfy({ $0.size == found.size }) {
                return (found.size, found, nil)
            }
        }
        return (nil, nil, nil)
    }

    private func source(_ key: ChipKey) -> String {
        switch key {
        case .path, .master: "sysfs"
        case .group: "dmesg"
        case .tree: "device-tree"
        case .commandLine: "cmdline"
        case .shape: members(key).contains { $0.sysfs != nil } ? "sysfs" : "guess"
        }
    }

    /// The kernel's name for the chip where it is fit for a word, else `chipN`; never one that is in use.
    private func id(names: [String], key: ChipKey, number: Int) -> String {
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

    private mutating func makePartitions() {
        for device in devices {
            let place = places[device.index]
            let chip = keys[device.index].flatMap { chipIDs[$0] }
            let chipKind = chips.first { $0.id == chip }
            partitions.append(
                Partition(
                    index: device.index, name: device.name, chip: chip ?? "ubi", offset: place?.offset,
                    offsetSource: place?.source ?? .none, size: device.size, eraseBlockSize: device.eraseSize,
                    pageSize: max(1, device.pageSize ?? chipKind?.pageSize ?? 1),
                    oobSize: device.oobSize ?? chipKind?.oobSize ?? 0,
                    type: device.isUBIVolume ? "ubi" : device.type ?? chipKind.map(Self.type) ?? "unknown",
                    isWritable: writable(device), parent: device.parent, role: .ofName(device.name)))
        }
    }

    private static func type(_ chip: Chip) -> String {
        switch chip.kind {
        case .spiNOR: "nor"
        case .spiNAND: "nand"
        case .nor, .nand, .mlcNAND, .dataflash, .ram, .rom, .unknown: chip.kind.rawValue
        }
    }

    private func writable(_ device: Device) -> Bool? {
        if let flags = device.sysfs?.flags { return flags & 0x400 != 0 }
        if let isWritable = device.info?.isWritable { return isWritable }
        if let line = match.line[device.index], facts.kernelLog.lines[line].isForcedReadOnly { return false }
        return nil
    }

    // MARK: - Contradictions

    private mutating func crossCheck() {
        for device in devices {
            guard let place = places[device.index] else {
                if match.ambiguous.contains(device.index) {
                    warnings.append(
                        "\(shown(device.index)): the kernel's log gives several offsets; none is used")
                }
                continue
            }
            checkLog(device, place)
            checkTree(device, place)
            checkCommandLine(device, place)
            if let parent = device.parent.flatMap({ self.device($0) }), let range = range(device),
                let outer = self.range(parent),
                range.upperBound > outer.upperBound || range.lowerBound < outer.lowerBound
            {
                warnings.append("\(shown(device.index)) extends beyond the end of \(shown(parent.index)), its parent")
            } else if device.parent == nil, !device.isMaster, let range = range(device),
                let key = keys[device.index], let master = members(key).first(where: \.isMaster),
                range.upperBound > master.size
            {
                warnings.append("\(shown(device.index)) extends beyond the end of its chip, \(shown(master.index))")
            }
        }
        for overlap in PartitionMap.overlaps(partitions) where overlap.relation == .partial {
            guard places[overlap.first]?.source != .guess, places[overlap.second]?.source != .guess else { continue }
            warnings.append("\(shown(overlap.first)) and \(shown(overlap.second)) overlap in part")
        }
    }

    private mutating func checkLog(_ device: Device, _ place: (offset: Int, source: Partition.OffsetSource)) {
        guard place.source == .sysfs, let line = match.line[device.index], let start = match.start(ofLine: line) else {
            return
        }
        let entry = facts.kernelLog.lines[line]
        // Lines that were not announced may count from the chip or from a partition: either is right.
        if start == place.offset || entry.isExtra && entry.start == device.sysfs?.offset
            || entry.start == place.offset
        {
            return
        }
        warnings.append(
            "\(shown(device.index)): sysfs places it at \(ByteCount.hex(place.offset)), the kernel's log at "
                + "\(ByteCount.hex(start)); sysfs takes precedence")
    }

    private mutating func checkTree(_ device: Device, _ place: (offset: Int, source: Partition.OffsetSource)) {
        guard place.source == .sysfs || place.source == .dmesg, let part = treePart[device.index],
            let offset = treeOffset(part)
        else { return }
        if offset != place.offset || part.size != 0 && part.size != device.size {
            warnings.append(
                "\(shown(device.index)): the device tree has \(part.size) bytes at \(ByteCount.hex(offset)), the "
                    + "kernel \(device.size) at \(ByteCount.hex(place.offset)); the kernel takes precedence")
        }
    }

    private mutating func checkCommandLine(_ device: Device, _ place: (offset: Int, source: Partition.OffsetSource)) {
        guard place.source == .sysfs || place.source == .dmesg || place.source == .deviceTree,
            let claim = commandPart[device.index], claim.part.offset != place.offset
        else { return }
        warnings.append(
            "\(shown(device.index)): mtdparts on the kernel's command line places it at "
                + "\(ByteCount.hex(claim.part.offset)), the kernel at \(ByteCount.hex(place.offset)); the kernel takes "
                + "precedence")
    }
}
