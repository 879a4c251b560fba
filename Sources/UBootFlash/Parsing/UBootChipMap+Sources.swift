import FlashAccess
import FlashModel

/// Chips that only `bdinfo`, the start log or the user knows, and sizes that they add to other chips.
extension UBootChipMap {
    // MARK: bdinfo

    /// Parallel flash, or serial flash that the board maps into memory, by `flashstart` and `flashsize`: on AR71xx and
    /// kin `flinfo` is no help (`The hell do you want flinfo for??`).
    ///
    /// - Returns: whether `bdinfo` reports flash that no other command does.
    mutating func addMapped(_ facts: UBootFacts) -> Bool {
        // 0 is printed for none, too.
        guard let board = facts.board, let start = board.flashStart, start > 0,
            let size = board.flashSize.flatMap(Int.init(exactly:)), size > 0, size % 4_096 == 0,
            size <= Self.largestMapped, !chips.contains(where: { $0.kind == .nor }), let end = start.plus(size)
        else { return false }
        guard !board.memory.contains(where: { $0.overlaps(start..<end) }) else {
            doubts.append("bdinfo reports flash where it also reports RAM, which is not read as flash")
            return false
        }
        let id = freeName("nor")
        guard hasRoom(for: id) else { return false }
        chips.append(
            Chip(
                id: id, kind: .nor, size: size, sizeKnowledge: .exact, eraseBlockSize: 0, pageSize: 1, oobSize: 0,
                identification: ["command": "bdinfo", "address": "0x" + String(start, radix: 16)], source: "bdinfo"))
        windows[id] = .mapped(base: start)
        return true
    }

    /// Bytes; what a 32-bit address space of such boards has room for.
    private static let largestMapped = 512 << 20

    // MARK: spi id

    /// Serial NOR that U-Boot prints, unless another command reads it.
    mutating func add(_ printed: UBootPrintedSerialFlash) {
        let isMapped = chips.contains { $0.source == "bdinfo" && $0.exactSize == printed.size }
        guard !isMapped, !chips.contains(where: { $0.kind == .spiNOR }), hasRoom(for: "spi0") else { return }
        let id = freeName("spi")
        var chip = Chip(
            id: id, kind: .spiNOR, size: printed.size.map { .exact($0) } ?? .atLeast(0), eraseBlockSize: 0, pageSize: 1,
            oobSize: 0, identification: ["command": "spi"], source: "spi id")
        if let id = printed.id {
            chip.identification["id"] = Hexadecimal.text([id.manufacturer, id.type, id.capacity])
        }
        chips.append(chip)
        windows[id] = .printed
        if let size = printed.size, size > UBootSurvey.shortAddressLimit {
            doubts.append(
                "\(shown(id)) is larger than 16 MiB, and this U-Boot may read its start again in place of the rest: "
                    + "compare the two")
        }
    }

    // MARK: The start log

    /// Sizes, and serial chips whose `sf probe` says nothing.
    mutating func add(_ log: UBootStartLog, _ facts: UBootFacts) {
        if let spi = log.spi { add(spi, version: facts.version, isSeparate: facts.found.isSerialFlashSeparate) }
        for line in log.chips where line.kind == .spiNOR { addSerial(line, facts) }
        sizeNAND(log)
    }

    private mutating func addSerial(_ line: UBootStartLog.ChipLine, _ facts: UBootFacts) {
        if let position = chips.firstIndex(where: { $0.kind == .spiNOR }) {
            note(line.size, at: position, "the start log")
            note(line.sizeByID, at: position, "the chip's id in the start log")
            describe(&chips[position], line)
            return
        }
        guard facts.help?.has("sf") ?? false, facts.isSerialFlashSilent, hasRoom(for: "spi0") else { return }
        let id = freeName("spi")
        var chip = Chip(
            id: id, kind: .spiNOR, size: line.size.map { .exact($0) } ?? .atLeast(0),
            eraseBlockSize: line.eraseSize ?? 0, pageSize: 1, oobSize: 0, identification: ["command": "sf"],
            source: "start log")
        describe(&chip, line)
        chips.append(chip)
        windows[id] = .spi
        note(line.sizeByID, at: chips.count - 1, "the chip's id in the start log")
    }

    private func describe(_ chip: inout Chip, _ line: UBootStartLog.ChipLine) {
        if chip.eraseBlockSize == 0, let size = line.eraseSize { chip.eraseBlockSize = size }
        if !line.name.isEmpty { chip.identification["name"] = PrintableText.escaped(line.name, limit: 64) }
        if !line.id.isEmpty {
            chip.identification["id"] = line.id.map { Hexadecimal.text([$0]) }.joined(separator: " ")
        }
    }

    /// `NAND:  128 MiB` counts all NAND devices of `nand info` (`drivers/mtd/nand/raw/nand.c`, nand_init).
    private mutating func sizeNAND(_ log: UBootStartLog) {
        let nand = chips.indices.filter { chips[$0].kind.isNAND }
        guard nand.count == 1, let position = nand.first else { return }
        if let line = log.chips.first(where: { $0.kind != .spiNOR }) {
            note(line.size, at: position, "the chip's id in the start log")
            note(line.sizeByID, at: position, "the chip's id in the start log")
            if chips[position].pageSize <= 1, let page = line.pageSize { chips[position].pageSize = page }
            if chips[position].oobSize == 0, let spare = line.oobSize { chips[position].oobSize = spare }
            describe(&chips[position], line)
        }
        guard var total = log.nand, total > 0 else { return }
        // Serial NOR that `nand info` lists too may be in the sum. NAND itself has a power of two.
        let others = serialInNAND.map { id in chips.first { $0.id == id }?.exactSize ?? 0 }.reduce(0, +)
        if others > 0, total.nonzeroBitCount > 1, (total - others).nonzeroBitCount == 1 { total -= others }
        guard total.nonzeroBitCount == 1 else { return }
        note(total, at: position, "the start log")
    }

    /// Takes a size that another source reports: it settles a size that is not known, and casts doubt on one that differs.
    mutating func note(_ size: Int?, at position: Int, _ source: String) {
        guard let size, size > 0 else { return }
        let chip = chips[position]
        switch chip.size {
        case .exact(size): break
        case .exact(let known):
            doubts.append(
                "\(source) and \(chip.source) differ on the size of \(shown(chip.id)): \(ByteCount.text(size)) and "
                    + ByteCount.text(known))
            chips[position].size = .atLeast(min(size, known))
        case .atLeast(let least) where least > size:
            doubts.append(
                "\(source) reports \(ByteCount.text(size)) for \(shown(chip.id)), which has at least "
                    + ByteCount.text(least))
        case .atLeast:
            chips[position].size = .exact(size)
            chips[position].identification["size"] = source
        }
    }

    // MARK: The user

    /// What the user gives replaces what U-Boot reports of the same flash.
    mutating func add(_ given: GivenFlash) {
        let window: UBootWindow =
            switch given.kind {
            case .nor: .mapped(base: given.start)
            case .spi: windows.values.contains(.printed) ? .printed : .spi
            case .nand: .nand(0)
            }
        let kind: Chip.Kind =
            switch given.kind {
            case .nor: .nor
            case .spi: .spiNOR
            case .nand: .nand
            }
        if let position = chips.firstIndex(where: { windows[$0.id] == window }) {
            let chip = chips[position]
            let least = chip.leastSize
            if let known = chip.exactSize, known != given.size {
                doubts.append(
                    "--flash gives \(ByteCount.text(given.size)) for \(shown(chip.id)), and \(chip.source) reports "
                        + ByteCount.text(known))
            } else if least > given.size {
                doubts.append(
                    "--flash gives \(ByteCount.text(given.size)) for \(shown(chip.id)), which has at least "
                        + ByteCount.text(least))
            }
            chips[position].size = .exact(given.size)
            if let size = given.eraseBlockSize { chips[position].eraseBlockSize = size }
            chips[position].identification["given"] = "--flash"
            return
        }
        let id = freeName(given.kind.rawValue)
        guard hasRoom(for: id) else { return }
        var identification = ["given": "--flash"]
        if case .mapped(let base) = window { identification["address"] = "0x" + String(base, radix: 16) }
        chips.append(
            Chip(
                id: id, kind: kind, size: given.size, sizeKnowledge: .exact, eraseBlockSize: given.eraseBlockSize ?? 0,
                pageSize: 1, oobSize: 0, identification: identification, source: "--flash"))
        windows[id] = window
    }

    /// The first of `nor0`, `nor1`, … that no chip has.
    func freeName(_ kind: String) -> String {
        (0..<64).lazy.map { "\(kind)\($0)" }.first { name in !chips.contains { $0.id == name } } ?? kind
    }

    // MARK: One chip seen through two devices

    /// NMBM presents a chip with its bad blocks remapped (`drivers/mtd/nmbm`): `mtd list` has both, and only one is read.
    /// That is the remapped one, for the partitions lie on it and Linux sees the same.
    mutating func joinRemapped() {
        for upper in chips where upper.id.hasPrefix("nmbm") {
            let below = chips.filter {
                $0.kind.isNAND && $0.id != upper.id && $0.eraseBlockSize == upper.eraseBlockSize
                    && $0.pageSize == upper.pageSize && $0.leastSize >= upper.leastSize
            }
            guard below.count == 1, let chip = below.first,
                let position = chips.firstIndex(where: { $0.id == upper.id })
            else { continue }
            chips[position].kind = chip.kind
            chips[position].identification["below"] = chip.id
            if let size = chip.exactSize { chips[position].identification["size below"] = "\(size)" }
            remapped.insert(upper.id)
            chips.removeAll { $0.id == chip.id }
            windows[chip.id] = nil
            warnings.append(
                "\(shown(upper.id)) is \(shown(chip.id)) with bad blocks remapped (NMBM): the backup holds what "
                    + "\(shown(upper.id)) shows. The chip itself has \(ByteCount.text(chip.leastSize)); what the layer "
                    + "keeps of its own is not in the backup, and a programmer would read the chip differently")
        }
    }
}
