import FlashModel

/// Determines how the running system uses its flash: mounts, UBI. A partition in use may change while it is read.
enum FlashUses {
    /// Sets ``Partition/uses`` and ``Partition/isLive``.
    static func note(_ facts: LinuxFacts, on partitions: inout [Partition]) {
        for device in ubiDevices(facts, partitions) {
            // UBI writes even when nothing is mounted: it moves blocks that are worn or have bit flips.
            use(device.mtd, "attached to ubi\(device.index)", isLive: true, &partitions)
        }
        for entry in facts.mounts.entries {
            let how =
                "mounted \(entry.isWritable ? "rw" : "ro") on \(PrintableText.escaped(entry.target, limit: 80)) "
                + "(\(PrintableText.escaped(entry.type, limit: 20)))"
            note(entry, base: entry.base, how, facts, &partitions)
        }
        spread(&partitions)
    }

    private static func note(
        _ entry: Mounts.Entry, base: Mounts.Base, _ how: String, _ facts: LinuxFacts, _ partitions: inout [Partition]
    ) {
        switch base {
        case .mtd(let index):
            use(index, how, isLive: entry.isWritable, &partitions)
        case .mtdName(let name):
            if let partition = partitions.first(where: { $0.name == name }) {
                use(partition.index, how, isLive: entry.isWritable, &partitions)
            }
        case .ubi(let number, let volume, let name):
            let devices = ubiDevices(facts, partitions)
            let device = devices.first { $0.index == number }
            let known = device?.volumes.first { $0.id == volume || $0.name == name }
            let title = known.map { "\"\(PrintableText.escaped($0.name, limit: 60))\"" } ?? volume.map { "\($0)" }
            if let device {
                use(device.mtd, "volume \(title ?? "?") of ubi\(number) \(how)", isLive: true, &partitions)
            }
        case .root:
            // `/dev/root` is the device that the command line names, unless that is `/dev/root` too.
            guard let root = facts.commandLine.root else { return }
            let base = Mounts.base(root)
            if base == .root { return }
            note(entry, base: base, how, facts, &partitions)
        case .other:
            break
        }
    }

    /// UBI devices from sysfs, or without sysfs from the log, which may include devices detached since.
    private static func ubiDevices(_ facts: LinuxFacts, _ partitions: [Partition]) -> [UBIDevice] {
        if !facts.ubi.isEmpty || !facts.sysfs.devices.isEmpty { return facts.ubi }
        return facts.kernelLog.ubiAttached.map { UBIDevice(index: $0.ubi, mtd: $0.mtd, volumes: []) }
    }

    private static func use(_ index: Int, _ how: String, isLive: Bool, _ partitions: inout [Partition]) {
        guard let position = partitions.firstIndex(where: { $0.index == index }) else { return }
        if !partitions[position].uses.contains(how), partitions[position].uses.count < 32 {
            partitions[position].uses.append(how)
        }
        if isLive { partitions[position].isLive = true }
    }

    /// Marks what shares bytes with a live partition as live, containers and parts alike.
    private static func spread(_ partitions: inout [Partition]) {
        let live = partitions.filter(\.isLive)
        for position in partitions.indices where !partitions[position].isView {
            let partition = partitions[position]
            let sharing = live.filter { other in
                guard other.index != partition.index else { return false }
                if other.parent == partition.index || partition.parent == other.index { return true }
                guard other.chip == partition.chip, let left = other.chipRange, let right = partition.chipRange else {
                    return false
                }
                return left.overlaps(right)
            }
            guard !sharing.isEmpty, !partition.isLive else { continue }
            partitions[position].isLive = true
            let names = sharing.prefix(4).map { "mtd\($0.index)" }.joined(separator: ", ")
            partitions[position].uses.append("shares bytes with \(names), in use")
        }
    }
}
