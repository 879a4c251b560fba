import FlashAccess
package import FlashModel

/// The chips that CFE reports, and the partitions on them.
package struct CFEChipMap {
    package private(set) var chips: [Chip] = []
    private(set) var partitions: [Partition] = []
    /// How to print each chip. Chips that CFE cannot print are absent.
    package private(set) var windows: [Chip.ID: CFEWindow] = [:]
    private(set) var warnings: [String] = []
    /// Reasons why there may be flash in neither list; one line each.
    private(set) var doubts: [String] = []

    /// A part of a chip, before it is numbered.
    private struct Piece {
        var name: String
        var offset: Int
        var size: Int
        var range: Range<Int> { offset..<offset + size }
    }

    /// The end of the memory into which the boot flash of a MIPS processor is mapped (kseg1).
    private static let mappingEnd: UInt64 = 0xC000_0000
    /// Parts begin and end at multiples of this many bytes; other sizes were rounded by CFE.
    private static let grain = 4 << 10

    package init(_ facts: CFEFacts) {
        addDevices(facts)
        addMapped(facts)
        addNAND(facts)
        for given in facts.given.flash where given.kind == .nor { addGiven(given) }
    }

    // MARK: BCM47xx

    private mutating func addDevices(_ facts: CFEFacts) {
        guard let listed = facts.devices else { return }
        for line in listed.strayLines {
            doubts.append("a line about flash was not understood: \"\(shown(line))\"")
        }
        let wholes = listed.devices.filter(\.isWhole)
        for device in wholes {
            guard !chips.contains(where: { $0.id == device.name }) else {
                doubts.append("\(shown(device.name)) is listed twice")
                continue
            }
            add(device, facts)
            // The parts of `flash1` may lie on `flash0`, if there is no chip of that name.
            let parts = listed.devices.filter { part in
                part.offset != nil
                    && (part.chip == device.name
                        || part.description == device.description && !wholes.contains { $0.name == part.chip })
            }
            partition(device.name, pieces(of: parts, size: device.size), source: .commandLine)
        }
        for part in listed.devices where part.offset != nil {
            let isPlaced = wholes.contains { $0.name == part.chip || $0.description == part.description }
            if !isPlaced, !doubts.contains(where: { $0.contains("\"\(shown(part.chip))\"") }) {
                doubts.append("CFE lists parts of \"\(shown(part.chip))\", and no device that is all of it")
            }
        }
    }

    /// Adds a whole chip. The start log also tells the size of its blocks, but is not always seen, and a backup that was
    /// interrupted must find the same partitions again.
    private mutating func add(_ device: CFEDevices.Device, _ facts: CFEFacts) {
        // `--flash spi:0+16M` settles a size that the board reports otherwise.
        let given = facts.given.flash.first { $0.kind == .spi }
        if let given, device.size != given.size {
            doubts.append(
                "--flash gives \(ByteCount.text(given.size)) for \(shown(device.name)), and show devices reports "
                    + ByteCount.text(device.size))
        }
        let isSerial = device.description.lowercased().contains("serial")
        chips.append(
            Chip(
                id: device.name, kind: isSerial ? .spiNOR : device.description.contains("NAND") ? .nand : .nor,
                size: .exact(given?.size ?? device.size), eraseBlockSize: given?.eraseBlockSize ?? 0, pageSize: 1,
                oobSize: 0, identification: ["command": "fdump", "cfe": device.description], source: "show devices"))
        if facts.help?.has("fdump") == true {
            windows[device.name] = .device(device.name)
        } else {
            warnings.append(
                "this CFE has no fdump: if you know where \(shown(device.name)) is mapped, give it, such as "
                    + "--flash nor:0xbc000000+\(ByteCount.text(device.size).filter { $0 != " " })")
        }
    }

    /// The parts that can be partitions.
    private mutating func pieces(of parts: [CFEDevices.Device], size: Int) -> [Piece] {
        var pieces: [Piece] = []
        for part in parts {
            guard let offset = part.offset, let end = offset.plus(part.size) else { continue }
            guard offset % Self.grain == 0, part.size % Self.grain == 0 else {
                warnings.append(
                    "\(shown(part.name)) begins or ends within a block of 4 KiB, and CFE rounds sizes: it is no "
                        + "partition of the backup, which has all of its chip")
                continue
            }
            guard end <= size else {
                doubts.append("\(shown(part.name)) extends beyond the end of its chip; it is left out")
                continue
            }
            let piece = Piece(name: part.name, offset: offset, size: part.size)
            if !pieces.contains(where: { $0.range == piece.range }) { pieces.append(piece) }
        }
        return pieces
    }

    // MARK: BCM63xx

    /// NOR at the boot address.
    private mutating func addMapped(_ facts: CFEFacts) {
        guard facts.devices == nil, facts.help?.has("dn") != true, let start = facts.start, let size = start.norSize,
            !facts.given.flash.contains(where: { $0.kind == .nor })
        else { return }
        var chip = Chip(
            id: "flash0", kind: .nor, size: .exact(size), eraseBlockSize: start.norBlockSize ?? 0, pageSize: 1,
            oobSize: 0,
            identification: ["command": "dm"], source: "start log")
        guard let base = start.bootAddress, let end = base.plus(size), end <= Self.mappingEnd else {
            chips.append(chip)
            partition(chip.id, [], source: .wholeChip)
            warnings.append(
                "it is unknown where the flash is mapped: if you know, give it, such as --flash nor:0xbfc00000+4M")
            return
        }
        chip.identification["address"] = "0x" + String(base, radix: 16)
        chips.append(chip)
        windows[chip.id] = .mapped(base: base)
        partition(chip.id, [], source: .wholeChip)
    }

    private mutating func addNAND(_ facts: CFEFacts) {
        let given = facts.given.flash.first { $0.kind == .nand }
        guard facts.help?.has("dn") == true else {
            if facts.start?.nand != nil { doubts.append("CFE has found NAND at its start, and has no command dn") }
            return
        }
        guard let geometry = facts.geometry else {
            doubts.append("the page of NAND that dn printed was not understood")
            return
        }
        var identification = ["command": "dn"]
        if let nand = facts.start?.nand {
            identification["nand"] = nand.name
            identification["id"] = nand.id
        }
        for line in (facts.badBlocks?.strayLines ?? []) + (facts.partitions?.strayLines ?? []) {
            doubts.append("a line about NAND was not understood: \"\(shown(line))\"")
        }
        let size = nandSize(geometry, facts, given)
        chips.append(
            Chip(
                id: "nand0", kind: .nand, size: size, eraseBlockSize: geometry.blockSize, pageSize: geometry.pageSize,
                oobSize: geometry.oobSize, identification: identification, source: "dn"))
        windows["nand0"] = .nand(geometry)
        let least =
            switch size {
            case .exact(let bytes), .atLeast(let bytes): bytes
            }
        var pieces: [Piece] = []
        for part in facts.partitions?.parts ?? [] {
            guard let end = part.offset.plus(part.size), end <= least else {
                doubts.append("\"\(shown(part.name))\" extends beyond the end of the NAND; it is left out")
                continue
            }
            pieces.append(Piece(name: part.name, offset: part.offset, size: part.size))
        }
        partition("nand0", pieces, source: .commandLine, badBlocks: facts.badBlocks)
    }

    /// The size of the NAND: all that tell it must agree.
    private mutating func nandSize(
        _ geometry: CFENANDGeometry, _ facts: CFEFacts, _ given: GivenFlash?
    ) -> Chip.Size {
        var sizes: [(source: String, bytes: Int)] = []
        if let nand = facts.start?.nand {
            sizes.append(("the start log", nand.size))
            if nand.blockSize != geometry.blockSize {
                doubts.append("the start log and dn differ on the size of NAND's blocks")
            }
        }
        if let blocks = facts.badBlocks?.blocks, let bytes = blocks.times(geometry.blockSize) {
            sizes.append(("fb", bytes))
        }
        if let blocks = facts.partitions?.blocks, let bytes = blocks.times(geometry.blockSize) {
            sizes.append(("fi", bytes))
        }
        if let given {
            for (source, bytes) in sizes where bytes != given.size {
                doubts.append(
                    "--flash gives \(ByteCount.text(given.size)) for the NAND, and \(source) reports "
                        + ByteCount.text(bytes))
            }
            return .exact(given.size)
        }
        guard let first = sizes.first else { return .atLeast(0) }
        guard sizes.allSatisfy({ $0.bytes == first.bytes }) else {
            doubts.append(
                "the NAND's size differs: "
                    + sizes.map { "\($0.source) reports \(ByteCount.text($0.bytes))" }.joined(separator: ", "))
            return .atLeast(sizes.map(\.bytes).reduce(first.bytes, min))
        }
        return .exact(first.bytes)
    }

    // MARK: The user

    /// Flash of which the user gives the address. It replaces what CFE reports without one.
    private mutating func addGiven(_ given: GivenFlash) {
        guard given.size % 16 == 0 else {
            doubts.append("--flash must give a multiple of 16 bytes")
            return
        }
        let address = "0x" + String(given.start, radix: 16)
        if let position = chips.firstIndex(where: { windows[$0.id] == nil && !$0.kind.isNAND }) {
            if let known = chips[position].exactSize, known != given.size {
                doubts.append(
                    "--flash gives \(ByteCount.text(given.size)) for \(shown(chips[position].id)), and "
                        + "\(chips[position].source) reports \(ByteCount.text(known))")
                chips[position].size = .atLeast(min(known, given.size))
            }
            if let size = given.eraseBlockSize { chips[position].eraseBlockSize = size }
            chips[position].identification["address"] = address
            windows[chips[position].id] = .mapped(base: given.start)
            warnings.removeAll { $0.contains("--flash nor:") }
            return
        }
        let id = (0..<64).map { "nor\($0)" }.first { name in !chips.contains { $0.id == name } } ?? address
        chips.append(
            Chip(
                id: id, kind: .nor, size: .exact(given.size), eraseBlockSize: given.eraseBlockSize ?? 0, pageSize: 1,
                oobSize: 0, identification: ["given": "--flash", "address": address], source: "--flash"))
        windows[id] = .mapped(base: given.start)
        partition(id, [], source: .wholeChip)
    }

    // MARK: Partitions

    private mutating func partition(
        _ id: Chip.ID, _ pieces: [Piece], source: Partition.OffsetSource, badBlocks: CFEBadBlocks? = nil
    ) {
        guard let chip = chips.first(where: { $0.id == id }), chip.leastSize > 0 else { return }
        let size = chip.leastSize
        let block = Chip.eraseUnit(chip.eraseBlockSize)
        let hasGaps = !PartitionMap.gaps(in: 0..<size, leaving: pieces.map(\.range)).isEmpty
        let isUneven = pieces.contains { $0.offset % block != 0 || $0.size % block != 0 }
        var parent: Int?
        if hasGaps || isUneven {
            parent = partitions.count
            add(Piece(name: id, offset: 0, size: size), .wholeChip, chip, parent: nil, badBlocks)
        }
        for piece in pieces.sorted(by: { ($0.offset, $1.size, $0.name) < ($1.offset, $0.size, $1.name) }) {
            add(piece, source, chip, parent: piece.range == 0..<size ? nil : parent, badBlocks)
        }
    }

    private mutating func add(
        _ piece: Piece, _ source: Partition.OffsetSource, _ chip: Chip, parent: Int?, _ badBlocks: CFEBadBlocks?
    ) {
        guard partitions.count < BoardLimits.devices else {
            let doubt = "there are more than \(BoardLimits.devices) partitions; the rest are left out"
            if !doubts.contains(doubt) { doubts.append(doubt) }
            return
        }
        let role = Partition.Role.ofName(piece.name.split(separator: ".").last.map(String.init) ?? piece.name)
        partitions.append(
            Partition(
                index: partitions.count, numbering: .ordinal, name: piece.name, chip: chip.id, offset: piece.offset,
                offsetSource: source, size: piece.size, eraseBlockSize: chip.eraseBlockSize, pageSize: chip.pageSize,
                oobSize: chip.oobSize, type: chip.kind.rawValue, parent: parent, role: role,
                badBlocks: chip.kind.isNAND ? Self.bad(badBlocks, in: piece.range, chip.eraseBlockSize) : nil))
    }

    /// The bad blocks of a part of a chip.
    private static func bad(_ list: CFEBadBlocks?, in range: Range<Int>, _ block: Int) -> BadBlockKnowledge {
        guard let list, block > 0, list.strayLines.isEmpty else {
            return BadBlockKnowledge(
                bad: [], source: "none", isComplete: false, note: "this CFE does not list bad blocks (fb)")
        }
        let blocks = range.lowerBound / block..<(range.upperBound + block - 1) / block
        return BadBlockKnowledge(
            bad: list.bad.filter { blocks.contains($0) }.map { $0 - blocks.lowerBound }, source: "fb",
            isComplete: true)
    }

    private func shown(_ text: String) -> String { PrintableText.escaped(text, limit: 80) }
}
