import BackupBags
import FlashAccess
import FlashModel
import ImageFormats

/// The partition tables that were found on flash, and how they agree with what the system reported. Pure.
enum FoundTables {
    /// What the system reported of one chip.
    struct System {
        /// Offsets are from the start of the chip.
        var partitions: [FoundPartition]
        /// In bytes; nil if unknown.
        var chipSize: Int?
        /// In bytes; nil if unknown.
        var eraseBlockSize: Int?

        init(partitions: [FoundPartition], chipSize: Int?, eraseBlockSize: Int?) {
            (self.partitions, self.chipSize, self.eraseBlockSize) = (partitions, chipSize, eraseBlockSize)
        }

        init(_ manifest: Manifest, chip id: String) {
            partitions = manifest.partitions.filter { $0.chip == id }.compactMap { partition in
                partition.offset.map { FoundPartition(name: partition.name, offset: $0, size: partition.size) }
            }
            let chip = manifest.chip(id)
            // Of a chip whose end is unknown, neither is the place at which it is mapped.
            if case .exact(let size) = chip?.size, size > 0 { chipSize = size }
            eraseBlockSize = chip.flatMap { $0.eraseBlockSize > 0 ? $0.eraseBlockSize : nil }
        }
    }

    /// The most tables that are compared: the same one often stands in several places.
    private static let limit = 32

    /// Returns the tables in findings and in what is inside them, each once.
    static func tables(in findings: [Finding], _ system: System) -> [InspectReport.Table] {
        var seen: Set<FoundTable> = []
        var result: [InspectReport.Table] = []
        func visit(_ finding: Finding) {
            for (source, table) in tables(of: finding) where result.count < limit && seen.insert(table).inserted {
                guard let entries = bytes(table, system) else { continue }
                result.append(compared(source, finding.offset, entries, system))
            }
            finding.children.forEach(visit)
            for content in finding.contents { content.findings.forEach(visit) }
        }
        findings.forEach(visit)
        return result
    }

    /// The tables that a finding has: its own, and those in variables and boot arguments.
    private static func tables(of finding: Finding) -> [(String, FoundTable)] {
        var result: [(String, FoundTable)] = []
        if let table = finding.table { result.append((finding.format, table)) }
        for fact in finding.facts {
            guard case .text(let text) = fact.value, let start = text.range(ofWord: "mtdparts="),
                ["mtdparts", "bootargs", "boot arguments"].contains(fact.name)
            else { continue }
            // Other arguments follow after a blank, which names may also have.
            var isName = false
            let value = text[start...].prefix { character in
                if character == "(" || character == ")" { isName = character == "(" }
                return character != " " || isName
            }
            for definition in PartitionDefinition.list(ByteText(String(value))) {
                let entries = definition.parts.map { FoundPartition(name: $0.name, offset: $0.offset, size: $0.size) }
                result.append(("mtdparts in \(finding.format), for \(definition.id)", FoundTable(.bytes, entries)))
            }
        }
        return result
    }

    /// The entries in bytes from the start of the chip; nil if that is unknown, or the table is of another chip.
    private static func bytes(_ table: FoundTable, _ system: System) -> [FoundPartition]? {
        let entries: [FoundPartition]
        switch table.unit {
        case .bytes: entries = table.entries
        case .addresses:
            // The flash is mapped at a multiple of its size.
            guard let size = system.chipSize, size.nonzeroBitCount == 1 else { return nil }
            entries = table.entries.map { FoundPartition(name: $0.name, offset: $0.offset & (size - 1), size: $0.size) }
        case .eraseBlocks:
            guard let size = system.eraseBlockSize else { return nil }
            entries = table.entries.compactMap { entry -> FoundPartition? in
                guard let offset = entry.offset.times(size) else { return nil }
                return FoundPartition(name: entry.name, offset: offset, size: entry.size.flatMap { $0.times(size) })
            }
        }
        // A table of which a part makes no sense is of something else.
        guard entries.count == table.entries.count, !entries.isEmpty else { return nil }
        guard let size = system.chipSize else { return entries }
        return entries.allSatisfy { entry in
            entry.offset <= size && (entry.size.map { $0 <= size - entry.offset } ?? true)
        } ? entries : nil
    }

    private static func compared(
        _ source: String, _ offset: Int, _ entries: [FoundPartition], _ system: System
    ) -> InspectReport.Table {
        let rows = entries.map { entry in
            InspectReport.Table.Entry(
                name: entry.name, offset: entry.offset, size: entry.size,
                agreement: system.partitions.isEmpty ? nil : agreement(of: entry, system))
        }
        return InspectReport.Table(
            source: source, offset: offset, entries: rows,
            isSame: system.partitions.isEmpty ? nil : rows.allSatisfy { $0.agreement == .same })
    }

    private static func agreement(of entry: FoundPartition, _ system: System) -> InspectReport.Table.Agreement {
        let here = system.partitions.filter { $0.offset == entry.offset }
        // An entry without a size takes the rest of the chip; if that is unknown, any size fits.
        let size = entry.size ?? system.chipSize.map { $0 - entry.offset }
        let fitting = here.filter { size == nil || $0.size == size }
        let namesakes = system.partitions.filter { isSameName($0.name, entry.name) }
        if fitting.contains(where: { isSameName($0.name, entry.name) }) { return .same }
        if !fitting.isEmpty { return .renamed }
        if !namesakes.isEmpty { return namesakes.contains { $0.offset == entry.offset } ? .resized : .moved }
        return here.isEmpty ? .missing : .resized
    }

    /// Without case, and without the prefix that Qualcomm's tables give to each name.
    private static func isSameName(_ one: String, _ other: String) -> Bool { key(one) == key(other) }

    private static func key(_ name: String) -> String {
        let lower = name.lowercased()
        return lower.hasPrefix("0:") ? String(lower.dropFirst(2)) : lower
    }
}

extension String {
    /// The index behind the first place of a word; nil if it does not occur.
    fileprivate func range(ofWord word: String) -> String.Index? {
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(word) { return rest.index(rest.startIndex, offsetBy: word.count) }
            rest = rest.dropFirst()
        }
        return nil
    }
}
