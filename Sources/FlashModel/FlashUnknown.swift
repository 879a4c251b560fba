/// A fact about a board's flash that could not be determined. While there is one, no backup of the board is called
/// whole.
package struct FlashUnknown: Sendable, Codable, Hashable {
    /// What is unknown.
    package enum Subject: String, Sendable, Codable, CaseIterable {
        /// The end of a chip.
        case chipSize = "chip-size"
        /// The offsets of partitions on their chip, and therefore whether they cover it.
        case partitionPlace = "partition-place"
        /// The bad erase blocks of a partition: the bytes read from them mean nothing, and which bytes those are is
        /// lost.
        case badBlocks = "bad-blocks"
        /// Whether the list of chips and partitions is complete.
        case table
    }

    package var subject: Subject
    /// ``Chip/id``; nil if it does not concern a single chip.
    package var chip: String?
    /// ``Partition/index``; nil if it does not concern a single partition.
    package var partition: Int?
    /// A description for people: one sentence without a full stop.
    package var text: String

    package init(_ subject: Subject, chip: String? = nil, partition: Int? = nil, text: String) {
        self.subject = subject
        self.chip = chip
        self.partition = partition
        self.text = text
    }

    /// Computes all unknowns from the data of a survey or a manifest. Pure.
    package static func all(chips: [Chip], partitions: [Partition], table: TableKnowledge) -> [FlashUnknown] {
        var unknowns = table.doubts.map { FlashUnknown(.table, text: PrintableText.again($0)) }
        let onChip = Dictionary(grouping: partitions, by: \.chip)
        let kinds = Dictionary(chips.map { ($0.id, $0.kind) }, uniquingKeysWith: { first, _ in first })
        for chip in chips {
            let name = words(chip)
            let mine = onChip[chip.id, default: []]
            let placeless = mine.filter { $0.size > 0 && !$0.isView && !$0.isPlaced }
            if chip.exactSize == nil {
                unknowns.append(
                    FlashUnknown(
                        .chipSize, chip: chip.id,
                        // If offsets are unknown too, the bytes beyond may be in a backup.
                        text: chip.leastSize > 0 && placeless.isEmpty
                            ? "the size of \(name) is unknown: anything beyond \(ByteCount.hex(chip.leastSize)) is not "
                                + "in a backup"
                            : "the size of \(name) is unknown"))
            }
            if !placeless.isEmpty, !isCovered(chip, by: mine) {
                unknowns.append(
                    FlashUnknown(
                        .partitionPlace, chip: chip.id,
                        text: "the offsets of \(list(placeless)) on \(name) are unknown, so the partitions may not "
                            + "cover all of it"))
            }
        }
        for partition in partitions {
            let known: BadBlockKnowledge
            if let listed = partition.badBlocks {
                known = listed
            } else {
                // For flash that can have bad blocks, a missing list proves nothing.
                let kind = kinds[partition.chip]
                guard partition.size > 0, !partition.isView, kind.map({ $0.isNAND || $0 == .unknown }) == true
                else {
                    continue
                }
                known = BadBlockKnowledge(bad: [], source: "none", isComplete: false, note: "there is no list")
            }
            guard !known.isComplete else { continue }
            unknowns.append(
                FlashUnknown(
                    .badBlocks, chip: partition.chip, partition: partition.index,
                    text:
                        "not all bad blocks of \(PrintableText.partition(partition.label, partition.name)) are known"
                        + (known.note.map { " (\(PrintableText.again($0)))" } ?? "")
                        + ": unknown ones are read like good blocks, but their bytes mean nothing"))
        }
        return unknowns
    }

    /// Whether partitions of known offset cover a chip, wherever the others are.
    ///
    /// - Parameter partitions: the partitions of the chip.
    private static func isCovered(_ chip: Chip, by partitions: [Partition]) -> Bool {
        guard let size = chip.exactSize else { return false }
        let ranges = partitions.filter(\.isPlaced).compactMap(\.chipRange)
        return PartitionMap.gaps(in: 0..<size, leaving: ranges).isEmpty
    }

    private static func list(_ partitions: [Partition]) -> String {
        partitions.prefix(8).map(\.label).joined(separator: ", ")
            + (partitions.count > 8 ? " and others" : "")
    }

    /// Ids made up by the survey already begin with the word "chip".
    private static func words(_ chip: Chip) -> String {
        let id = PrintableText.escaped(chip.id, limit: 40)
        return chip.id.hasPrefix("chip") ? id : "chip \(id)"
    }
}

extension Survey {
    /// Everything that is unknown about the board's flash.
    package var unknowns: [FlashUnknown] {
        FlashUnknown.all(chips: chips, partitions: partitions, table: table)
    }
}
