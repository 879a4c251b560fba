import FlashModel

/// Matches MTD devices with lines of the kernel's log.
///
/// The kernel prints a line for each partition in the order of their numbers, with the name and the range but without
/// the number. So lines and devices are matched by name and size, in order, unless that is ambiguous.
struct LogMatch {
    /// The index in ``KernelLog/lines``, by MTD number.
    private(set) var line: [Int: Int] = [:]
    /// The devices that cannot be matched, because there are more or fewer matching lines than devices. Several equal
    /// lines for one device do match.
    private(set) var ambiguous: Set<Int> = []
    private let log: KernelLog

    private struct Key: Hashable {
        var name: String
        var size: Int
    }

    init(log: KernelLog, devices: [(index: Int, name: String, size: Int)]) {
        self.log = log
        var lines: [Key: [Int]] = [:]
        for (position, line) in log.lines.enumerated() {
            lines[Key(name: line.name, size: line.size), default: []].append(position)
        }
        var sought: [Key: [Int]] = [:]
        for device in devices.sorted(by: { $0.index < $1.index }) {
            sought[Key(name: device.name, size: device.size), default: []].append(device.index)
        }
        for (key, indices) in sought {
            guard let found = lines[key] else { continue }
            let places = Set(found.map { Place(chip: chip(ofLine: $0)?.name, start: start(ofLine: $0)) })
            // The same lines may occur twice, in the ring buffer and in a file.
            if found.count == indices.count || indices.count == 1 && places.count == 1 {
                for (index, position) in zip(indices, found) { line[index] = position }
            } else {
                ambiguous.formUnion(indices)
            }
        }
    }

    private struct Place: Hashable {
        var chip: String?
        var start: Int?
    }

    /// The offset of a line's partition, in bytes from the start of the chip.
    func start(ofLine position: Int) -> Int? {
        var sum = 0
        var position: Int? = position
        // Each parent's line precedes its parts, so this ends.
        while let current = position {
            guard log.lines.indices.contains(current), let next = sum.plus(log.lines[current].start) else { return nil }
            sum = next
            let parent = parentLine(of: current)
            guard parent.map({ $0 < current }) ?? true else { return nil }
            position = parent
        }
        return sum
    }

    /// The line of the partition that contains this line's partition.
    func parentLine(of position: Int) -> Int? {
        guard log.lines.indices.contains(position), let group = log.lines[position].group else { return nil }
        return log.groups[group].parentLine
    }

    /// The chip of a line's partition: the `Creating …` line at the root, and the name in it.
    func chip(ofLine position: Int) -> (group: Int, name: String)? {
        var position = position
        while log.lines.indices.contains(position), let group = log.lines[position].group {
            guard let parent = log.groups[group].parentLine, parent < position else {
                return (group, log.groups[group].master)
            }
            position = parent
        }
        return nil
    }
}
