import FlashModel

/// Determines which MTD devices are on the same chip.
struct ChipGrouping {
    /// What distinguishes chips.
    enum Key: Hashable {
        /// The chip's own device below `/sys/devices`, and the log's group if several chips share it.
        case path([String], group: Int?)
        /// The whole chip is itself an MTD device.
        case master(Int)
        /// A `Creating …` group of the log.
        case group(Int)
        /// A flash node of the device tree.
        case tree(String)
        /// An id of `mtdparts=`.
        case commandLine(String)
        /// Equal properties, the weakest evidence; the number distinguishes devices that cannot be on one chip.
        case shape([String], number: Int)
    }

    private let devices: MTDDevices
    private let places: MTDPlaces
    private(set) var keys: [Int: Key] = [:]
    private(set) var warnings: [String] = []

    init(_ devices: MTDDevices, _ places: MTDPlaces) {
        self.devices = devices
        self.places = places
        assignChips()
    }

    func members(_ key: Key) -> [MTDDevice] { devices.all.filter { keys[$0.index] == key } }

    /// The groups of devices that only equal properties assign to one chip.
    var lookalikes: [[MTDDevice]] {
        Set(keys.values).filter { if case .shape = $0 { true } else { false } }.map(members)
    }

    private mutating func assignChips() {
        var groupsOfPath: [[String]: Set<Int>] = [:]
        for device in devices.all where !device.isMaster {
            if let path = devices.root(device).sysfs?.chipPath, let group = logGroup(devices.root(device)) {
                groupsOfPath[path, default: []].insert(group)
            }
        }
        for device in devices.all where !device.isView {
            keys[device.index] = key(device, groupsOfPath)
        }
        // A part is always on the chip of its parent.
        for device in devices.all where device.parent != nil {
            keys[device.index] = keys[devices.root(device).index]
        }
        splitShapes()
    }

    private func logGroup(_ device: MTDDevice) -> Int? {
        devices.match.line[device.index].flatMap { devices.match.chip(ofLine: $0)?.group }
    }

    private func key(_ device: MTDDevice, _ groupsOfPath: [[String]: Set<Int>]) -> Key {
        if device.isMaster { return .master(device.index) }
        let group = logGroup(device)
        if let path = device.sysfs?.chipPath {
            // Two chips behind one controller share its folder; the log's groups distinguish them.
            let isShared = (groupsOfPath[path]?.count ?? 0) > 1
            return .path(path, group: isShared ? group ?? -1 : nil)
        }
        if let group { return .group(group) }
        switch places.places[device.index]?.source {
        case .deviceTree: if let part = places.treePart[device.index] { return .tree(part.flash) }
        case .commandLine: if let part = places.commandPart[device.index] { return .commandLine(part.id) }
        case .sysfs, .dmesg, .wholeChip, .guess, nil, .some(.none): break
        }
        return .shape(
            [
                device.type ?? "", "\(device.eraseSize)", "\(device.pageSize ?? 0)", "\(device.oobSize ?? 0)",
                places.places[device.index] == nil ? "unplaced" : "placed",
            ], number: 0)
    }

    /// Assigns devices to separate chips if they are grouped only by equal properties and would overlap. Reading a byte
    /// twice is harmless; mistaking one chip's content for another's is not.
    private mutating func splitShapes() {
        var members: [Key: [Range<Int>]] = [:]
        for device in devices.all where device.parent == nil {
            guard case .shape(let shape, _)? = keys[device.index], let range = places.range(device) else { continue }
            var number = 0
            while members[.shape(shape, number: number)]?.contains(where: { $0.overlaps(range) }) ?? false {
                number += 1
            }
            if number > 0 {
                warnings.append(
                    "\(devices.shown(device.index)) would overlap others if it were on the same chip; it is "
                        + "unknown whether it is, so it is read on its own")
            }
            members[.shape(shape, number: number), default: []].append(range)
            keys[device.index] = .shape(shape, number: number)
        }
        for device in devices.all where device.parent != nil {
            keys[device.index] = keys[devices.root(device).index]
        }
    }
}
