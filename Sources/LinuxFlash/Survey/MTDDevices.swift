import FlashAccess
import FlashModel

/// An MTD device, with the information so far.
struct MTDDevice {
    var index: Int
    var name: String
    var size: Int
    var eraseSize: Int
    var sysfs: SysfsMTD.Device?
    /// The information from mtdinfo, used if there is no sysfs.
    var info: MTDInfoMap?
    var isUBIVolume: Bool
    /// Whether the kernel has put it together of other devices.
    var isConcatenation: Bool
    var parent: Int?
    /// Whether it may be part of an unknown device: its offset would be relative to that, and so is meaningless.
    var isParentUnknown = false
    /// Whether it is a whole chip.
    var isMaster = false

    /// Whether it has no flash of its own.
    var isView: Bool { isUBIVolume || isConcatenation }
    var type: String? { sysfs?.type ?? info?.type }
    var pageSize: Int? { sysfs?.writeSize ?? info?.pageSize }
    var oobSize: Int? { sysfs?.oobSize ?? info?.oobSize }
}

/// The MTD devices of a board from `/proc/mtd` and sysfs: which are part of another, and which are whole chips.
struct MTDDevices {
    let facts: LinuxFacts
    /// The devices by number, ascending.
    private(set) var all: [MTDDevice] = []
    /// The matching lines of the kernel's log.
    private(set) var match: LogMatch
    private(set) var warnings: [String] = []
    /// Why the MTD devices may not show all flash; one line each.
    private(set) var doubts: [String] = []
    /// The index in ``all``, by MTD number.
    private var positions: [Int: Int] = [:]

    init(_ facts: LinuxFacts) {
        self.facts = facts
        match = LogMatch(log: facts.kernelLog, devices: [])
        collect()
        match = LogMatch(
            log: facts.kernelLog,
            devices: all.filter { !$0.isView }.map { ($0.index, $0.name, $0.size) })
        findParents()
        findMasters()
    }

    func device(_ index: Int) -> MTDDevice? { positions[index].map { all[$0] } }

    /// The outermost device that contains it.
    func root(_ device: MTDDevice) -> MTDDevice {
        var current = device
        for _ in all {
            guard let parent = current.parent.flatMap({ self.device($0) }) else { break }
            current = parent
        }
        return current
    }

    func shown(_ index: Int) -> String {
        Self.shown((index, device(index)?.name ?? ""))
    }

    private static func shown(_ device: (index: Int, name: String)) -> String {
        "mtd\(device.index) (\"\(PrintableText.escaped(device.name, limit: 60))\")"
    }

    // MARK: Devices

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
            guard all.count < BoardLimits.devices, let size = sysfs.size else { continue }
            add(index: index, name: sysfs.name ?? "", size: size, eraseSize: sysfs.eraseSize ?? 0, sysfs: sysfs)
            warnings.append("\(Self.shown((index, sysfs.name ?? ""))) is in sysfs but not in /proc/mtd")
        }
        all.sort { $0.index < $1.index }
        for (position, device) in all.enumerated() { positions[device.index] = position }
    }

    private mutating func add(index: Int, name: String, size: Int, eraseSize: Int, sysfs: SysfsMTD.Device?) {
        let info = facts.blockMaps[index]
        let isUBI =
            (sysfs?.type ?? info?.type).map { $0 == "ubi" } ?? looksLikeUBIVolume(name: name, eraseSize: eraseSize)
        all.append(
            MTDDevice(
                index: index, name: name, size: size, eraseSize: eraseSize, sysfs: sysfs, info: info,
                isUBIVolume: isUBI,
                isConcatenation: !isUBI && isConcatenation(name: name, size: size, hasPlace: sysfs?.offset != nil)))
    }

    /// Whether the log says that the kernel has put a device of this name together of others, and the sizes add up. A
    /// device with an offset of its own is none.
    private func isConcatenation(name: String, size: Int, hasPlace: Bool) -> Bool {
        !hasPlace
            && facts.kernelLog.concatenations.contains { concatenation in
                guard concatenation.name == name else { return false }
                let sizes = concatenation.parts.compactMap { part in
                    let found = facts.procMTD.entries.filter { $0.name == part }
                    return found.count == 1 ? found.first?.size : nil
                }
                return sizes.count == concatenation.parts.count && sizes.saturatingSum() == size
            }
    }

    /// Whether a device looks like a UBI volume, without sysfs. As an MTD device (gluebi), a volume has erase blocks
    /// that are a page or two smaller than those of the device below. Only if UBI is in use.
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

    // MARK: Parents

    private mutating func findParents() {
        var deviceOfLine: [Int: Int] = [:]
        for (index, line) in match.line { deviceOfLine[line] = index }
        for position in all.indices {
            let index = all[position].index
            if let sysfs = all[position].sysfs, !sysfs.path.isEmpty {
                all[position].parent = sysfs.parent
            } else if let line = match.line[index], let parentLine = match.parentLine(of: line) {
                all[position].parent = deviceOfLine[parentLine]
            }
            if let parent = all[position].parent, parent == index || device(parent) == nil {
                all[position].parent = nil
                all[position].isParentUnknown = true
            }
            if let sysfs = all[position].sysfs, sysfs.path.isEmpty, match.line[index] == nil {
                all[position].isParentUnknown = true
            }
        }
        // A cycle of parents would be nonsense from the board; break it.
        for position in all.indices {
            var seen: Set<Int> = [all[position].index]
            var next = all[position].parent
            while let current = next {
                if !seen.insert(current).inserted {
                    all[position].parent = nil
                    all[position].isParentUnknown = true
                    break
                }
                next = device(current)?.parent
            }
        }
    }

    /// Finds the whole chips: devices in sysfs without the attribute `offset`, on kernels that have it (since 4.1).
    private mutating func findMasters() {
        let isOffsetKnown =
            all.contains { $0.sysfs?.offset != nil }
            || facts.kernelVersion.map { $0 >= LinuxFacts.KernelVersion(major: 4, minor: 1) } ?? false
        guard isOffsetKnown else { return }
        for position in all.indices {
            let device = all[position]
            guard let sysfs = device.sysfs, sysfs.offset == nil, !sysfs.path.isEmpty, !device.isView,
                device.parent == nil, !device.isParentUnknown, device.size > 0
            else { continue }
            all[position].isMaster = true
        }
    }
}
