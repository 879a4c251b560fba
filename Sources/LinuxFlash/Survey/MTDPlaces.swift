import FlashAccess
import FlashModel

/// The offset of each MTD device on its chip, from the best source.
struct MTDPlaces {
    private let facts: LinuxFacts
    private let devices: MTDDevices
    private(set) var treePart: [Int: DeviceTree.Part] = [:]
    private(set) var commandPart: [Int: (id: String, part: PartitionDefinition.Part)] = [:]
    private(set) var places: [Int: (offset: Int, source: Partition.OffsetSource)] = [:]

    init(_ devices: MTDDevices) {
        facts = devices.facts
        self.devices = devices
        matchDeviceTree()
        matchCommandLine()
        for device in devices.all { places[device.index] = place(device) }
    }

    // MARK: Other sources

    private mutating func matchDeviceTree() {
        let parts = facts.deviceTree.parts
        for device in devices.all where !device.isView {
            if let node = device.sysfs?.deviceTreeNode, let part = parts.first(where: { $0.path == node }) {
                treePart[device.index] = part
                continue
            }
            let named = parts.filter { $0.name == device.name && ($0.size == device.size || $0.size == 0) }
            let alike = devices.all.filter { $0.name == device.name && $0.size == device.size }
            if let part = named.first, named.count == 1, alike.count == 1 {
                treePart[device.index] = part
            }
        }
    }

    func treeOffset(_ part: DeviceTree.Part) -> Int? {
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
                let named = devices.all.filter { device in
                    device.name == part.name && !device.isView && (part.size.map { $0 == device.size } ?? true)
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

    // MARK: Offsets

    /// The offset from the best source, without guesses.
    private func place(_ device: MTDDevice) -> (offset: Int, source: Partition.OffsetSource)? {
        // The kernel sets size and offset of a disabled partition to 0; that is not its offset.
        guard !device.isView, device.size > 0 else { return nil }
        if device.isMaster { return (0, .wholeChip) }
        if let offset = sysfsOffset(device) { return (offset, .sysfs) }
        if let line = devices.match.line[device.index], devices.match.chip(ofLine: line) != nil,
            let offset = devices.match.start(ofLine: line)
        {
            return (offset, .dmesg)
        }
        if let part = treePart[device.index], let offset = treeOffset(part) { return (offset, .deviceTree) }
        if let part = commandPart[device.index]?.part { return (part.offset, .commandLine) }
        return nil
    }

    /// The sum of the attribute `offset` over all parents, since it is relative to the immediate parent.
    private func sysfsOffset(_ device: MTDDevice) -> Int? {
        var sum = 0
        var next: MTDDevice? = device
        while let current = next {
            if current.isMaster { break }
            guard !current.isParentUnknown, let offset = current.sysfs?.offset, let value = sum.plus(offset) else {
                return nil
            }
            sum = value
            next = current.parent.flatMap { devices.device($0) }
        }
        return sum
    }

    func range(_ device: MTDDevice) -> Range<Int>? {
        guard let place = places[device.index], let end = place.offset.plus(device.size) else { return nil }
        return place.offset..<end
    }

    /// Guesses unknown offsets.
    ///
    /// Partitions usually follow one another in the order of their numbers. A device called firmware is usually
    /// subdivided into the following ones, if their sizes fill it; likewise any device that all the others together
    /// fill: a whole chip.
    ///
    /// A guess ends where it would be implausible: after a partition that is not a multiple of the erase block.
    /// Partitions that together exceed every chip in the kernel's log get no offsets at all.
    ///
    /// - Parameter groups: of devices that only equal properties assign to one chip.
    mutating func guess(_ groups: [[MTDDevice]]) {
        for group in groups {
            let members = group.filter { $0.size > 0 && places[$0.index] == nil }
            guard let guessed = DeviceStack(facts.kernelLog).places(of: members) else { continue }
            for (index, offset) in guessed { places[index] = (offset, .guess) }
        }
    }
}
