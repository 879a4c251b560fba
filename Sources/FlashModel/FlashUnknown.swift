/// Something that nothing told of a board's flash. As long as there is one, no backup of the board is called whole.
package struct FlashUnknown: Sendable, Codable, Hashable {
    /// What is not known.
    package enum Subject: String, Sendable, Codable, CaseIterable {
        /// Where a chip ends.
        case chipSize = "chip-size"
        /// Where partitions lie on their chip, and so whether they are all of it.
        case partitionPlace = "partition-place"
        /// Which erase blocks are bad: their bytes mean nothing, and what they were is lost.
        case badBlocks = "bad-blocks"
        /// Whether the list of chips and partitions is all of it.
        case table
    }

    package var subject: Subject
    /// ``Chip/id``; nil where it is of no single chip.
    package var chip: String?
    /// ``Partition/index``; nil where it is of no single partition.
    package var partition: Int?
    /// What is not known, for a person: one sentence without a full stop.
    package var text: String

    package init(_ subject: Subject, chip: String? = nil, partition: Int? = nil, text: String) {
        self.subject = subject
        self.chip = chip
        self.partition = partition
        self.text = text
    }

    /// Everything that is not known, by what a survey or a manifest has. Pure.
    package static func all(chips: [Chip], partitions: [Partition], table: TableKnowledge) -> [FlashUnknown] {
        var unknowns = table.doubts.map { FlashUnknown(.table, text: PrintableText.again($0)) }
        let onChip = Dictionary(grouping: partitions, by: \.chip)
        let kinds = Dictionary(chips.map { ($0.id, $0.kind) }, uniquingKeysWith: { first, _ in first })
        for chip in chips {
            let name = words(chip)
            let mine = onChip[chip.id, default: []]
            let placeless = mine.filter { $0.size > 0 && !$0.isUBIVolume && !$0.isPlaced }
            if chip.exactSize == nil {
                unknowns.append(
                    FlashUnknown(
                        .chipSize, chip: chip.id,
                        // Where places are not known either, what lies beyond may be in a backup.
                        text: chip.leastSize > 0 && placeless.isEmpty
                            ? "how large \(name) is, is not known: what lies beyond \(ByteCount.hex(chip.leastSize)) "
                                + "is not in a backup"
                            : "how large \(name) is, is not known"))
            }
            if !placeless.isEmpty, !isCovered(chip, by: mine) {
                unknowns.append(
                    FlashUnknown(
                        .partitionPlace, chip: chip.id,
                        text: "where \(list(placeless)) of \(name) lie is not known, and so not whether the partitions "
                            + "are all of it"))
            }
        }
        for partition in partitions {
            let known: BadBlockKnowledge
            if let listed = partition.badBlocks {
                known = listed
            } else {
                // Of flash that has bad blocks, a list that is not there says nothing.
                let kind = kinds[partition.chip]
                guard partition.size > 0, !partition.isUBIVolume, kind.map({ $0.isNAND || $0 == .unknown }) == true
                else {
                    continue
                }
                known = BadBlockKnowledge(bad: [], source: "none", isComplete: false, note: "there is no list of them")
            }
            guard !known.isComplete else { continue }
            unknowns.append(
                FlashUnknown(
                    .badBlocks, chip: partition.chip, partition: partition.index,
                    text:
                        "the bad blocks of \(PrintableText.partition(partition.index, partition.name)) are not all known"
                        + (known.note.map { " (\(PrintableText.again($0)))" } ?? "")
                        + ": they were read as if they were good, and their bytes mean nothing"))
        }
        return unknowns
    }

    /// Whether partitions of known place are all of a chip, whatever the others are.
    ///
    /// - Parameter partitions: those on it.
    private static func isCovered(_ chip: Chip, by partitions: [Partition]) -> Bool {
        guard let size = chip.exactSize else { return false }
        let ranges = partitions.filter(\.isPlaced).compactMap(\.chipRange)
        return PartitionMap.gaps(in: 0..<size, leaving: ranges).isEmpty
    }

    private static func list(_ partitions: [Partition]) -> String {
        partitions.prefix(8).map { "mtd\($0.index)" }.joined(separator: ", ")
            + (partitions.count > 8 ? " and others" : "")
    }

    /// Ids that the survey made up begin with that word already.
    private static func words(_ chip: Chip) -> String {
        let id = PrintableText.escaped(chip.id, limit: 40)
        return chip.id.hasPrefix("chip") ? id : "chip \(id)"
    }
}

extension Survey {
    /// Everything that is not known of the board's flash.
    package var unknowns: [FlashUnknown] {
        FlashUnknown.all(chips: chips, partitions: partitions, table: table)
    }
}
