internal import FlashAccess
internal import FlashModel

/// What a loader's environment says about the flash. Pure.
struct EVASurvey {
    private(set) var survey = Survey(table: .complete)
    private var doubts: [String] = []
    private var chips: [Chip] = []
    /// The chip of each partition, and its place there in bytes; nil if that is not known.
    private var places: [EVAPartitionName: (chip: Chip, offset: Int?)] = [:]

    /// Flash that is not mapped has addresses that begin at 0; mapped flash lies far above.
    private static let leastMapped = 0x1000_0000

    /// - Throws: `noPartitions` if there is no partition with any bytes.
    init(_ facts: EVAFacts) throws(FlashkeepError) {
        let found = partitions(facts)
        guard !found.isEmpty else { throw Self.noFlash }
        var size: EVAFlashSize?
        if case .value(let value) = facts.answers[.identity(.flashSize)] {
            size = EVAFlashSize(value)
            if size == nil {
                doubts.append("flashsize was not understood: \"\(PrintableText.escaped(value.string(), limit: 60))\"")
            }
        }
        place(found, size)
        survey = Survey(
            board: Self.identity(facts), chips: chips,
            partitions: found.compactMap { partition($0) }, table: TableKnowledge(doubts: doubts))
    }

    private static let noFlash = FlashkeepError(
        .noPartitions, what: "The loader shows no flash.", why: "None of its variables mtd0 to mtd15 names any bytes.",
        next: "Start the board's Linux, and use SSH or telnet.")

    // MARK: The table

    /// The partitions that have any bytes.
    private mutating func partitions(_ facts: EVAFacts) -> [EVAPartition] {
        var found: [EVAPartition] = []
        for name in EVAPartitionName.all {
            switch facts.answers[.partition(name)] {
            case .value(let value):
                guard let range = EVAPartition.range(value) else {
                    doubts.append(
                        "\(name.text) was not understood: \"\(PrintableText.escaped(value.string(), limit: 60))\"")
                    continue
                }
                if !range.isEmpty { found.append(EVAPartition(name: name, range: range)) }
            case .unclear(let words):
                doubts.append("GETENV \(name.text) was answered by \"\(PrintableText.escaped(words, limit: 60))\"")
            case .missing: break
            case nil: doubts.append("\(name.text) was not asked for")
            }
        }
        return found
    }

    private func partition(_ found: EVAPartition) -> Partition? {
        guard let (chip, offset) = places[found.name] else { return nil }
        let role: Partition.Role =
            switch found.name.number {
            case 0, 1: .firmware
            case 2: .bootloader
            // The environment with the box's identity and keys, and the settings.
            case 3, 4: .environment
            default: .unknown
            }
        return Partition(
            index: found.name.number, name: Self.name(of: found.name), chip: chip.id, offset: offset,
            // The table is the loader's own claim, as with U-Boot.
            offsetSource: offset == nil ? .none : .commandLine, size: found.range.count, eraseBlockSize: 0, pageSize: 1,
            oobSize: 0, type: chip.kind.rawValue, role: role,
            badBlocks: chip.kind == .nor || chip.kind == .spiNOR
                ? nil
                : BadBlockKnowledge(
                    bad: [], source: "none", isComplete: false, note: "the loader does not list them"))
    }

    /// The names that these partitions have in the field (Freetz `tools/recover-eva`; Freetz's documentation of flash
    /// partitions). The loader has only numbers, which are not those of Linux.
    private static func name(of partition: EVAPartitionName) -> String {
        switch partition.number {
        case 0: "filesystem"
        case 1: "kernel"
        case 2: "urlader"
        case 3: "tffs1"
        case 4: "tffs2"
        default: partition.text
        }
    }

    // MARK: Chips and places

    private mutating func place(_ found: [EVAPartition], _ size: EVAFlashSize?) {
        let start = found.map(\.range.lowerBound).reduce(Int.max, min)
        let end = found.map(\.range.upperBound).reduce(0, max)
        if let size {
            chips = size.parts.map { part in
                let isMapped = part.kind == .unknown && start >= Self.leastMapped
                return Self.chip(part.name, isMapped ? .nor : part.kind, .exact(part.size))
            }
        } else {
            chips = [Self.chip("flash", start >= Self.leastMapped ? .nor : .unknown, .atLeast(end - start))]
        }
        guard let largest = chips.max(by: { $0.leastSize < $1.leastSize }) else { return }
        for partition in found { places[partition.name] = (largest, nil) }
        if chips.count > 1 {
            placeOnSeveral(found, largest)
        } else if let bytes = largest.exactSize {
            placeOnOneChip(found, largest, bytes)
        }
    }

    /// A chip is mapped at a multiple of its size, and the processor starts at its beginning, in the loader. So the places
    /// are known if the size is a power of two, all partitions lie in that window, and `mtd2` begins it.
    private mutating func placeOnOneChip(_ found: [EVAPartition], _ chip: Chip, _ size: Int) {
        guard size.nonzeroBitCount == 1, let first = found.map(\.range.lowerBound).min() else { return }
        let base = first - first % size
        guard found.allSatisfy({ $0.range.upperBound - base <= size }),
            found.contains(where: { $0.name.number == 2 && $0.range.lowerBound == base })
        else {
            doubts.append("the partitions are not all within the \(ByteCount.text(size)) of flashsize")
            return
        }
        for partition in found { places[partition.name] = (chip, partition.range.lowerBound - base) }
    }

    /// With several chips, the loader does not say which one an address is on. The loader and its environment lie on the
    /// serial flash if they fill it exactly; what does not fit on that is on the largest other chip, at a place that is
    /// not known.
    private mutating func placeOnSeveral(_ found: [EVAPartition], _ largest: Chip) {
        guard let serial = chips.first(where: { $0.kind == .spiNOR && $0.id != largest.id }) else { return }
        let inside = found.filter { (2...4).contains($0.name.number) }
        let ranges = inside.map(\.range)
        guard PartitionMap.merged(ranges) == [0..<serial.leastSize],
            ranges.map(\.count).saturatingSum() == serial.leastSize
        else { return }
        for partition in inside { places[partition.name] = (serial, partition.range.lowerBound) }
    }

    private static func chip(_ id: String, _ kind: Chip.Kind, _ size: Chip.Size) -> Chip {
        Chip(id: id, kind: kind, size: size, eraseBlockSize: 0, pageSize: 1, oobSize: 0, source: "environment")
    }

    // MARK: Identity

    private static func identity(_ facts: EVAFacts) -> BoardIdentity {
        let macs: [EVAVariable.Identity] = [.macLAN, .macUSB, .macWLAN, .macDSL]
        let addresses = macs.compactMap { facts.text($0)?.lowercased() }.filter { address in
            address.count == 17 && address != "00:00:00:00:00:00"
                && address.allSatisfy { $0.isHexDigit || $0 == ":" }
        }
        let serial = facts.text(.serialNumber)
        return BoardIdentity(
            model: facts.text(.product), distribution: facts.text(.firmware).map { "firmware \($0)" },
            bootloader: [facts.system, facts.text(.loader).map { "urlader \($0)" }].compactMap { $0 }.first,
            macAddresses: Array(Set(addresses)).sorted(),
            serialNumber: serial.flatMap { $0.allSatisfy { $0 == "0" } ? nil : $0 })
    }
}
