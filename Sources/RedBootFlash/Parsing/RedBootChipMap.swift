import FlashAccess
import FlashModel

/// The chips that RedBoot reports, and the partitions on them.
struct RedBootChipMap {
    private(set) var chips: [Chip] = []
    private(set) var partitions: [Partition] = []
    private(set) var warnings: [String] = []
    /// Reasons why there may be flash in neither list; one line each.
    private(set) var doubts: [String] = []

    /// An image, before it is numbered.
    private struct Piece {
        var name: String
        var offset: Int
        var size: Int
        var role: Partition.Role
        var range: Range<Int> { offset..<offset + size }
    }

    /// The name of what lies behind the directory, and which no entry names.
    static let unlistedName = "behind FIS directory"
    /// The most stray lines that are quoted.
    private static let mostQuoted = 5

    init(_ facts: RedBootFacts) {
        warnings = facts.notes
        doubts = facts.doubts
        addChips(facts)
        let pieces = pieces(facts)
        for (number, chip) in chips.enumerated() {
            let mine = pieces.filter { $0.chip == number }.map(\.piece)
            partition(chip, mine)
        }
    }

    /// The name of a chip in the survey.
    static func chipName(_ number: Int) -> Chip.ID { "flash\(number)" }

    // MARK: Chips

    private mutating func addChips(_ facts: RedBootFacts) {
        guard let version = facts.version else { return }
        for line in version.strayLines.prefix(Self.mostQuoted) {
            doubts.append("a line about flash was not understood: \"\(shown(line))\"")
        }
        // What may be NAND may have bad blocks, of which RedBoot reports none.
        let hasNAND = facts.help.map { $0.has("nand") || $0.has("factive") }
        switch hasNAND {
        case false?: break
        case true?: doubts.append("this RedBoot has commands for NAND, whose flash it may not have listed")
        case nil: doubts.append("help lists no command, so this RedBoot may have commands for NAND")
        }
        for (number, chip) in version.chips.enumerated() {
            if let other = version.chips[..<number].first(where: { $0.range.overlaps(chip.range) }) {
                doubts.append(
                    "two chips overlap: at \(RedBootCommands.hex(other.start)) and at "
                        + RedBootCommands.hex(chip.start))
            }
            if !chip.isConsistent {
                doubts.append(
                    "the size of the flash at \(RedBootCommands.hex(chip.start)) is doubtful: its blocks end at "
                        + "\(RedBootCommands.hex(chip.range.upperBound)), but \(RedBootCommands.hex(chip.printedEnd)) "
                        + "is printed")
            }
            chips.append(
                Chip(
                    id: Self.chipName(number), kind: hasNAND == false ? .nor : .unknown, size: .exact(chip.size),
                    eraseBlockSize: chip.regions.map(\.size).reduce(0, max), pageSize: 1, oobSize: 0,
                    identification: ["command": "dump", "address": RedBootCommands.hex(chip.start)],
                    source: "version"))
        }
        if facts.images == nil { warnings.append("fis list prints no directory: the partitions are unknown") }
    }

    // MARK: Images

    /// The images, from the directory on flash; from `fis list` if that is not understood.
    private mutating func pieces(_ facts: RedBootFacts) -> [(chip: Int, piece: Piece)] {
        if let images = facts.images {
            for line in images.strayLines.prefix(Self.mostQuoted) {
                warnings.append("a line of fis list was not understood: \"\(shown(line))\"")
            }
            if images.rows.isEmpty { warnings.append("fis list is empty: the partitions are unknown") }
        }
        // The mark of a directory with a second copy is in a slot, so the list has it, too.
        let listed = facts.images.map { images in
            images.rows.filter { $0.name != RedBootDirectory.markName }
                .map { Image($0.name, $0.flashAddress, $0.length) }
        }
        guard let directory = facts.directory else { return placed(listed, facts) }
        let stored = directory.entries.map { Image($0.name, $0.flashAddress, $0.size) }
        // Since 2006 the list leaves out all images but one at the same address.
        if let listed {
            for image in Set(listed).subtracting(stored).sorted().prefix(Self.mostQuoted) {
                warnings.append(
                    "fis list and the directory on flash do not agree on \"\(shown(image.name))\"; the directory is "
                        + "used")
            }
        }
        if directory.mark?.isComplete == false {
            warnings.append("the directory was being written when it was interrupted; a second copy may be newer")
        }
        return placed(stored, facts)
    }

    /// An image as one of the sources describes it.
    private struct Image: Hashable, Comparable {
        var name: String
        var address: UInt64
        var size: UInt64

        init(_ name: String, _ address: UInt64, _ size: UInt64) {
            self.name = name
            self.address = address
            self.size = size
        }

        static func < (one: Image, other: Image) -> Bool {
            (one.address, one.size, one.name) < (other.address, other.size, other.name)
        }
    }

    /// The images that lie on a chip.
    private mutating func placed(_ images: [Image]?, _ facts: RedBootFacts) -> [(chip: Int, piece: Piece)] {
        guard let images else { return [] }
        var result: [(Int, Piece)] = []
        for image in images.sorted() {
            guard result.count < BoardLimits.devices - chips.count * 2 else {
                doubts.append("there are more than \(result.count) images; the rest are left out")
                break
            }
            guard let (number, chip) = facts.chip(at: image.address), let size = Int(exactly: image.size),
                image.size <= chip.range.upperBound - image.address
            else {
                doubts.append(
                    "\"\(shown(image.name))\" is not on a chip that is listed (\(RedBootCommands.hex(image.address)), "
                        + "\(RedBootCommands.hex(image.size)) bytes); it is left out")
                continue
            }
            guard size > 0 else {
                warnings.append("\"\(shown(image.name))\" has no bytes; it is left out")
                continue
            }
            result.append(
                (
                    number,
                    Piece(
                        name: image.name, offset: Int(image.address - chip.start), size: size,
                        role: Self.role(of: image.name))
                ))
        }
        return result
    }

    /// The role of an image. RedBoot's own have fixed names (`redboot/current/src/flash.c`, fis_init).
    private static func role(of name: String) -> Partition.Role {
        if name.hasPrefix("RedBoot[") || name == "(reserved)" { return .bootloader }
        if name == RedBootDirectory.ownName || name == RedBootDirectory.copyName { return .bootloader }
        return Partition.Role.ofName(name)
    }

    // MARK: Partitions

    private mutating func partition(_ chip: Chip, _ images: [Piece]) {
        let size = chip.leastSize
        var pieces = images
        if let tail = unlisted(chip, images) { pieces.append(tail) }
        let hasGaps = !PartitionMap.gaps(in: 0..<size, leaving: pieces.map(\.range)).isEmpty
        // Linux cannot write images that share an erase block either; all of the chip can be written.
        let isUneven = pieces.contains { $0.offset % chip.eraseBlockSize != 0 || $0.size % chip.eraseBlockSize != 0 }
        var parent: Int?
        if hasGaps || isUneven {
            parent = partitions.count
            add(Piece(name: chip.id, offset: 0, size: size, role: .unknown), .wholeChip, chip, parent: nil)
        }
        for piece in pieces.sorted(by: { ($0.offset, $1.size, $0.name) < ($1.offset, $0.size, $1.name) }) {
            add(piece, .commandLine, chip, parent: piece.range == 0..<size ? nil : parent)
        }
    }

    /// What lies behind the directory up to the end of the chip, if no entry names it: on Atheros' boards the calibration
    /// of the radio, which nothing can replace.
    private func unlisted(_ chip: Chip, _ images: [Piece]) -> Piece? {
        guard let directory = images.first(where: { $0.name == RedBootDirectory.ownName }),
            let last = images.map(\.range.upperBound).max(),
            let start = max(last, directory.range.upperBound).roundedUp(to: chip.eraseBlockSize),
            start < chip.leastSize, last <= start, directory.range.upperBound >= last - chip.eraseBlockSize
        else { return nil }
        return Piece(
            name: Self.unlistedName, offset: start, size: chip.leastSize - start, role: .calibration)
    }

    private mutating func add(_ piece: Piece, _ source: Partition.OffsetSource, _ chip: Chip, parent: Int?) {
        partitions.append(
            Partition(
                index: partitions.count, numbering: .ordinal, name: piece.name, chip: chip.id, offset: piece.offset,
                offsetSource: source, size: piece.size, eraseBlockSize: chip.eraseBlockSize, pageSize: 1, oobSize: 0,
                type: chip.kind.rawValue, parent: parent, role: piece.role,
                badBlocks: chip.kind == .nor
                    ? nil
                    : BadBlockKnowledge(
                        bad: [], source: "none", isComplete: false,
                        note: "this RedBoot may handle NAND, and does not list bad blocks")))
    }

    private func shown(_ text: String) -> String { PrintableText.escaped(text, limit: 80) }
}
