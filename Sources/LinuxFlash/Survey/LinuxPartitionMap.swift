import FlashAccess
import FlashModel

/// Combines what a Linux board reports of its flash into one layout: the chips, and the offset of each MTD device.
///
/// Sources contradict one another: sysfs takes precedence over the kernel's log, the log over the device tree, and that
/// over `mtdparts=` on the command line. Unknown offsets are guessed by stacking sizes, and marked as guesses. Devices
/// that are not certain to be on the same chip are assigned to two: the same bytes may then be read twice, but one
/// chip's content is never mistaken for another's.
struct LinuxPartitionMap {
    let chips: [Chip]
    private(set) var partitions: [Partition] = []
    let warnings: [String]
    /// Why the MTD devices may not show all flash; one line each.
    let doubts: [String]

    init(_ facts: LinuxFacts) {
        let devices = MTDDevices(facts)
        var places = MTDPlaces(devices)
        let grouping = ChipGrouping(devices, places)
        places.guess(grouping.lookalikes)
        let chips = LinuxChips(devices, places, grouping)
        self.chips = chips.chips
        doubts = devices.doubts + chips.doubts
        for device in devices.all {
            let id = grouping.keys[device.index].flatMap { chips.ids[$0] }
            let chip = chips.chips.first { $0.id == id }
            partitions.append(Self.partition(device, devices, places.places[device.index], on: chip))
        }
        let contradictions = PlaceContradictions(devices, places, grouping, partitions)
        warnings = devices.warnings + grouping.warnings + contradictions.warnings
    }

    private static func partition(
        _ device: MTDDevice, _ devices: MTDDevices, _ place: (offset: Int, source: Partition.OffsetSource)?,
        on chip: Chip?
    ) -> Partition {
        Partition(
            index: device.index, name: device.name, chip: chip?.id ?? "ubi", offset: place?.offset,
            offsetSource: place?.source ?? .none, size: device.size, eraseBlockSize: device.eraseSize,
            pageSize: max(1, device.pageSize ?? chip?.pageSize ?? 1),
            oobSize: device.oobSize ?? chip?.oobSize ?? 0,
            type: device.isConcatenation
                ? Partition.concatenation
                : device.isUBIVolume ? "ubi" : device.type ?? chip.map(type) ?? "unknown",
            isWritable: writable(device, devices), parent: device.parent, role: .ofName(device.name))
    }

    private static func type(_ chip: Chip) -> String {
        switch chip.kind {
        case .spiNOR: "nor"
        case .spiNAND: "nand"
        case .nor, .nand, .mlcNAND, .dataflash, .ram, .rom, .unknown: chip.kind.rawValue
        }
    }

    private static func writable(_ device: MTDDevice, _ devices: MTDDevices) -> Bool? {
        if let flags = device.sysfs?.flags { return flags & 0x400 != 0 }
        if let isWritable = device.info?.isWritable { return isWritable }
        if let line = devices.match.line[device.index], devices.facts.kernelLog.lines[line].isForcedReadOnly {
            return false
        }
        return nil
    }
}
