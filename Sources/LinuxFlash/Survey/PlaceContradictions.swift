import FlashAccess
import FlashModel

/// Finds contradictions between the sources of offsets.
struct PlaceContradictions {
    private(set) var warnings: [String] = []

    private let devices: MTDDevices
    private let places: MTDPlaces

    init(_ devices: MTDDevices, _ places: MTDPlaces, _ grouping: ChipGrouping, _ partitions: [Partition]) {
        self.devices = devices
        self.places = places
        for device in devices.all {
            guard let place = places.places[device.index] else {
                if devices.match.ambiguous.contains(device.index) {
                    warnings.append(
                        "\(devices.shown(device.index)): the kernel's log gives several offsets; none is used")
                }
                continue
            }
            checkLog(device, place)
            checkTree(device, place)
            checkCommandLine(device, place)
            if let parent = device.parent.flatMap({ devices.device($0) }), let range = places.range(device),
                let outer = places.range(parent),
                range.upperBound > outer.upperBound || range.lowerBound < outer.lowerBound
            {
                warnings.append(
                    "\(devices.shown(device.index)) extends beyond the end of \(devices.shown(parent.index)), its parent"
                )
            } else if device.parent == nil, !device.isMaster, let range = places.range(device),
                let key = grouping.keys[device.index], let master = grouping.members(key).first(where: \.isMaster),
                range.upperBound > master.size
            {
                warnings.append(
                    "\(devices.shown(device.index)) extends beyond the end of its chip, \(devices.shown(master.index))")
            }
        }
        for overlap in PartitionMap.overlaps(partitions) where overlap.relation == .partial {
            guard places.places[overlap.first]?.source != .guess, places.places[overlap.second]?.source != .guess else {
                continue
            }
            warnings.append("\(devices.shown(overlap.first)) and \(devices.shown(overlap.second)) overlap in part")
        }
    }

    private mutating func checkLog(_ device: MTDDevice, _ place: (offset: Int, source: Partition.OffsetSource)) {
        guard place.source == .sysfs, let line = devices.match.line[device.index],
            let start = devices.match.start(ofLine: line)
        else {
            return
        }
        let entry = devices.facts.kernelLog.lines[line]
        // Unannounced lines may be relative to the chip or to a partition; accept both.
        if start == place.offset || entry.isExtra && entry.start == device.sysfs?.offset
            || entry.start == place.offset
        {
            return
        }
        warnings.append(
            "\(devices.shown(device.index)): sysfs places it at \(ByteCount.hex(place.offset)), the kernel's log at "
                + "\(ByteCount.hex(start)); sysfs takes precedence")
    }

    private mutating func checkTree(_ device: MTDDevice, _ place: (offset: Int, source: Partition.OffsetSource)) {
        guard place.source == .sysfs || place.source == .dmesg, let part = places.treePart[device.index],
            let offset = places.treeOffset(part)
        else { return }
        if offset != place.offset || part.size != 0 && part.size != device.size {
            warnings.append(
                "\(devices.shown(device.index)): the device tree has \(part.size) bytes at \(ByteCount.hex(offset)), the "
                    + "kernel \(device.size) at \(ByteCount.hex(place.offset)); the kernel takes precedence")
        }
    }

    private mutating func checkCommandLine(_ device: MTDDevice, _ place: (offset: Int, source: Partition.OffsetSource))
    {
        guard place.source == .sysfs || place.source == .dmesg || place.source == .deviceTree,
            let claim = places.commandPart[device.index], claim.part.offset != place.offset
        else { return }
        warnings.append(
            "\(devices.shown(device.index)): mtdparts on the kernel's command line places it at "
                + "\(ByteCount.hex(claim.part.offset)), the kernel at \(ByteCount.hex(place.offset)); the kernel is "
                + "believed")
    }
}
