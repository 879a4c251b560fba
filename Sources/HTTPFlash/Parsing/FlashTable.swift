internal import FlashAccess
internal import FlashModel

/// The flash of a board of which only a table of MTD devices is known: neither chips nor places, kinds nor bad blocks.
/// Pure.
struct FlashTable {
    /// An MTD device of the table.
    struct Device {
        var index: Int
        var name: String
        /// In bytes.
        var size: Int
        /// In bytes; nil if unknown.
        var eraseSize: Int?
        /// Whether the running system may write to it while it is read.
        var isLive: Bool
    }

    private(set) var chips: [Chip] = []
    private(set) var partitions: [Partition] = []

    /// - Parameters:
    ///   - source: of the chips' data: `proc-mtd`, or `guess` if there is no table.
    ///   - note: why the bad blocks are unknown.
    init(_ devices: [Device], source: String, badBlocks note: String) {
        // What has other erase blocks is not on the same chip, or at least not known to be.
        var sizes: [Int?] = []
        for device in devices where !sizes.contains(device.eraseSize) { sizes.append(device.eraseSize) }
        for (number, eraseSize) in sizes.enumerated() {
            let members = devices.filter { $0.eraseSize == eraseSize }
            chips.append(
                Chip(
                    id: "chip\(number)", kind: .unknown, size: .atLeast(members.map(\.size).reduce(0, max)),
                    eraseBlockSize: Self.known(eraseSize), pageSize: 1, oobSize: 0, source: source))
        }
        partitions = devices.map { device in
            let number = sizes.firstIndex(of: device.eraseSize).map { "chip\($0)" }
            return Partition(
                index: device.index, name: device.name, chip: number ?? "chip0", offset: nil, offsetSource: .none,
                size: device.size, eraseBlockSize: Self.known(device.eraseSize), pageSize: 1, oobSize: 0,
                type: Chip.Kind.unknown.rawValue, role: .ofName(device.name), isLive: device.isLive,
                badBlocks: device.size > 0
                    ? BadBlockKnowledge(bad: [], source: "none", isComplete: false, note: note) : nil)
        }
    }

    /// 0 stands for an unknown size of erase blocks, as in a survey of Linux.
    private static func known(_ eraseSize: Int?) -> Int { eraseSize ?? 0 }
}

extension ProcMTD {
    /// Why the table may lack devices; one line each.
    var doubts: [String] {
        var doubts = strayLines.prefix(5).map {
            "a line of /proc/mtd was not understood: \"\(PrintableText.escaped($0.text, limit: 80))\""
        }
        if strayLines.count > doubts.count {
            doubts.append("\(strayLines.count - doubts.count) more lines of /proc/mtd were not understood")
        }
        if isCut { doubts.append("there are more than \(BoardLimits.devices) MTD devices; the rest are left out") }
        return doubts
    }
}
