import FlashAccess
import FlashModel

/// The partitions of the chips.
extension UBootChipMap {
    /// A partition, before it is numbered.
    private struct Piece {
        var name: String
        var offset: Int
        var size: Int
        var isReadOnly = false
        var parent: Int?
    }

    /// Places the partitions on the chips.
    mutating func partition(_ facts: UBootFacts) {
        lookForOtherTables(facts)
        for line in facts.sharedMemory?.strayLines ?? [] { doubt("a line of smeminfo was not understood", line) }
        for position in chips.indices {
            var pieces = table(chips[position], facts)
            let chip = chips[position]
            if case .atLeast(let told) = chip.size {
                // Partitions and bad blocks lie on the chip, so it extends at least that far.
                var ends = pieces.compactMap { $0.offset.plus($0.size) }
                if let bad = facts.badBlocks[chip.id] {
                    ends += bad.offsets.compactMap { $0.plus(chip.eraseBlockSize) }
                }
                chips[position].size = .atLeast(ends.reduce(told, max))
            }
            let size = chips[position].leastSize
            let outside = pieces.filter { ($0.offset.plus($0.size) ?? .max) > size }
            for piece in outside.prefix(5) {
                doubts.append("\"\(shown(piece.name))\" extends beyond the end of \(shown(chip.id)); it is left out")
            }
            // A partition keeps its position even if its parent is left out.
            if !outside.isEmpty {
                pieces = pieces.filter { ($0.offset.plus($0.size) ?? .max) <= size }
                for index in pieces.indices { pieces[index].parent = nil }
            }
            let covered = pieces.map { $0.offset..<($0.offset + $0.size) }
            let wholes = min(size, reach[chip.id] ?? size)
            let hasGaps = !PartitionMap.gaps(in: 0..<wholes, leaving: covered).isEmpty
            let base = partitions.count
            if hasGaps {
                add(
                    Piece(name: chip.id, offset: 0, size: wholes), source: .wholeChip, chips[position], facts,
                    parent: nil)
            }
            let first = partitions.count
            for piece in pieces {
                let outer = piece.parent.map { first + $0 } ?? (first > base && wholes == size ? base : nil)
                add(piece, source: .commandLine, chips[position], facts, parent: outer)
            }
        }
    }

    /// Looks for partition tables of flash that U-Boot does not list.
    private mutating func lookForOtherTables(_ facts: UBootFacts) {
        var names = Set(chips.map(\.id))
        if chips.contains(where: { $0.kind == .spiNOR }) { names.insert("nor0") }
        var tables: [String] = []
        if let parts = facts.parts { tables += parts.devices.map(\.id).filter { !names.contains($0) } }
        // What is built in may be meant for another board; it is believed only of chips that are there.
        for table in facts.tables where table.source == "mtdparts" || table.source == "bootargs" {
            names.formUnion(names.compactMap { table.ids[$0] })
            // A single definition belongs to a single chip, whatever their names.
            if table.definitions.count != 1 || chips.count != 1 {
                tables += table.definitions.map(\.id).filter { !names.contains($0) }
            }
        }
        for name in Set(tables).sorted().prefix(8) {
            doubts.append("mtdparts has a table for \"\(shown(name))\", which U-Boot does not list as flash")
        }
    }

    private mutating func add(
        _ piece: Piece, source: Partition.OffsetSource, _ chip: Chip, _ facts: UBootFacts, parent: Int?
    ) {
        guard partitions.count < BoardLimits.devices else {
            let doubt = "there are more than \(BoardLimits.devices) partitions; the rest are left out"
            if !doubts.contains(doubt) { doubts.append(doubt) }
            return
        }
        partitions.append(
            Partition(
                index: partitions.count, numbering: .ordinal, name: piece.name, chip: chip.id, offset: piece.offset,
                offsetSource: source,
                size: piece.size, eraseBlockSize: chip.eraseBlockSize, pageSize: chip.pageSize, oobSize: chip.oobSize,
                type: chip.kind.rawValue, isWritable: piece.isReadOnly ? false : nil, parent: parent,
                role: source == .wholeChip ? .unknown : Partition.Role.ofName(piece.name),
                badBlocks: badBlocks(piece, chip, facts)))
    }

    /// The known bad blocks in a partition; nil for flash types without bad blocks.
    private func badBlocks(_ piece: Piece, _ chip: Chip, _ facts: UBootFacts) -> BadBlockKnowledge? {
        switch chip.kind {
        case .nor, .spiNOR, .dataflash, .ram, .rom: return nil
        case .nand, .mlcNAND, .spiNAND: break
        case .unknown:
            return BadBlockKnowledge(
                bad: [], source: "none", isComplete: false,
                note: "the type of flash is unknown, and NAND has bad blocks")
        }
        // The layer presents good blocks alone.
        if remapped.contains(chip.id) { return BadBlockKnowledge(bad: [], source: "remapped", isComplete: true) }
        guard let known = facts.badBlocks[chip.id], chip.eraseBlockSize > 0 else {
            return BadBlockKnowledge(
                bad: [], source: "none", isComplete: false, note: "U-Boot was not asked, or did not answer")
        }
        let end = piece.offset.plus(piece.size) ?? piece.offset
        func blocks(_ offsets: [Int]) -> [Int] {
            offsets.filter { $0 >= piece.offset && $0 < end }.map { ($0 - piece.offset) / chip.eraseBlockSize }
        }
        let table = Set(known.reserved)
        return BadBlockKnowledge(
            bad: Array(Set(blocks(known.offsets.filter { !table.contains($0) }))).sorted(),
            table: Array(Set(blocks(known.reserved))).sorted(), source: known.device == nil ? "mtd bad" : "nand bad",
            isComplete: known.isComplete, note: known.isComplete ? nil : "a line of the list was not understood")
    }

    /// The partition table of a chip, from the best source that has one.
    private mutating func table(_ chip: Chip, _ facts: UBootFacts) -> [Piece] {
        if let device = facts.mtd?.devices.first(where: { $0.name == chip.id }), !device.parts.isEmpty {
            return device.parts.map { Piece(name: $0.name, offset: $0.offset, size: $0.size, parent: $0.parent) }
        }
        // `mtdparts` calls serial flash nor0, too.
        let isOnlyNOR = chips.filter { $0.kind == .nor || $0.kind == .spiNOR }.count == 1
        let names = [chip.id] + (chip.kind == .spiNOR && isOnlyNOR ? ["nor0"] : [])
        if let pieces = sharedMemoryTable(chip, names, facts) { return pieces }
        if let device = facts.parts?.devices.first(where: { names.contains($0.id) }), !device.parts.isEmpty {
            if !device.isComplete {
                doubts.append(
                    "mtdparts lists a different number of partitions of \(shown(chip.id)) than it announces")
            }
            return device.parts.map {
                Piece(name: $0.name, offset: $0.offset, size: $0.size, isReadOnly: $0.flags & 1 == 1)
            }
        }
        return fromVariables(chip, names: names, facts)
    }

    /// The table of `smeminfo`, which Linux uses on these boards; U-Boot's `mtdparts` often has a part of it alone. nil if
    /// it has none for the chip.
    private mutating func sharedMemoryTable(_ chip: Chip, _ names: [String], _ facts: UBootFacts) -> [Piece]? {
        guard let table = facts.sharedMemory, chip.kind.isNAND || chip.kind == .spiNOR,
            chips.count(where: { $0.kind.isNAND == chip.kind.isNAND && ($0.kind.isNAND || $0.kind == .spiNOR) }) == 1
        else { return nil }
        let place: UBootSharedMemoryTable.Place = chip.kind.isNAND ? .nand : .serialNOR
        let parts = table.parts.filter { $0.place == place }
        guard !parts.isEmpty else { return nil }
        if let other = facts.parts?.devices.first(where: { names.contains($0.id) })?.parts, !other.isEmpty,
            !other.allSatisfy({ part in parts.contains { $0.offset == part.offset && $0.size == part.size } })
        {
            warnings.append(
                "smeminfo and mtdparts have different partition tables for \(shown(chip.id)); that of smeminfo is used")
        }
        return parts.map { Piece(name: $0.name, offset: $0.offset, size: $0.size) }
    }

    /// The first table that has the chip. Others that differ are reported.
    private mutating func fromVariables(_ chip: Chip, names: [String], _ facts: UBootFacts) -> [Piece] {
        var found: (source: String, pieces: [Piece])?
        for table in facts.tables {
            guard let definition = definition(of: names, in: table) else { continue }
            let pieces = pieces(definition, chip)
            guard let first = found else {
                found = (table.source, pieces)
                continue
            }
            guard
                !first.pieces.elementsEqual(
                    pieces, by: { $0.name == $1.name && $0.offset == $1.offset && $0.size == $1.size })
            else { continue }
            warnings.append(
                "\(first.source) and \(table.source) have different partition tables for \(shown(chip.id)); the first "
                    + "is used")
        }
        return found?.pieces ?? []
    }

    private func definition(of names: [String], in table: UBootPartitionTable) -> PartitionDefinition? {
        let wanted = Set(names + names.compactMap { table.ids[$0] })
        // A single definition belongs to a single chip, whatever their names.
        return table.definitions.first { wanted.contains($0.id) }
            ?? (table.definitions.count == 1 && chips.count == 1 ? table.definitions.first : nil)
    }

    private func pieces(_ definition: PartitionDefinition, _ chip: Chip) -> [Piece] {
        definition.parts.compactMap { part in
            // `-` means the rest of the chip, which is unknown if the chip's size is.
            guard part.offset >= 0, let size = part.size ?? chip.exactSize?.minus(part.offset), size >= 0 else {
                return nil
            }
            return Piece(name: part.name, offset: part.offset, size: size, isReadOnly: part.isReadOnly)
        }
    }
}
