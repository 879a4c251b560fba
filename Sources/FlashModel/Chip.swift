/// A flash chip, or what the board's kernel presents as one (two chips side by side appear as one).
package struct Chip: Sendable, Codable, Hashable, Identifiable {
    /// The kind of memory, in the words of the kernel's `/sys/class/mtd/mtdN/type`
    /// (`drivers/mtd/mtdcore.c`), with SPI-NOR told apart where it is known.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case nor
        case spiNOR = "spi-nor"
        case nand
        case mlcNAND = "mlc-nand"
        case spiNAND = "spi-nand"
        case dataflash
        case ram
        case rom
        case unknown

        /// Whether erase blocks can be bad, and ECC protects the pages.
        package var isNAND: Bool {
            switch self {
            case .nand, .mlcNAND, .spiNAND: true
            case .nor, .spiNOR, .dataflash, .ram, .rom, .unknown: false
            }
        }
    }

    /// How a chip's size is known.
    package enum SizeKnowledge: String, Sendable, Codable {
        /// The board gave the whole chip's size.
        case exact
        /// Only a part of it is known, such as its partitions: where the chip ends is not known.
        case atLeast = "at-least"
    }

    /// How large a chip is, as far as that is known. Whoever needs a number has to say which of the two it takes.
    package enum Size: Sendable, Hashable {
        /// Bytes of the whole chip.
        case exact(Int)
        /// Bytes that are known to be there; the chip may have more. 0 where nothing is known.
        case atLeast(Int)
    }

    /// What protects the pages of a NAND chip.
    package struct ECC: Sendable, Codable, Hashable {
        /// Correctable bits a step (sysfs `ecc_strength`).
        package var strength: Int
        /// Bytes a step (sysfs `ecc_step_size`).
        package var stepSize: Int

        package init(strength: Int, stepSize: Int) {
            self.strength = strength
            self.stepSize = stepSize
        }
    }

    /// Bytes of what is erased at once, by what a board tells; where it does not, as many as most serial flash.
    package static func eraseUnit(_ told: Int) -> Int { told > 0 ? told : 64 << 10 }

    /// Stable within a backup: the device's name as the kernel gives it (`spi0.0`), else `chip0`, `chip1`, …
    package var id: String
    /// The kind of memory.
    package var kind: Kind
    /// How large it is, or is known to be at least.
    package var size: Size
    /// Bytes of the smallest erasable unit in this boot of the board; on chips with several sizes the largest.
    package var eraseBlockSize: Int
    /// Bytes of the smallest writable unit: the page on NAND, mostly 1 on NOR.
    package var pageSize: Int
    /// Spare bytes a page; 0 where there are none.
    package var oobSize: Int
    /// The ECC that the driver uses, on NAND.
    package var ecc: ECC?
    /// Everything that identifies the chip as it was found, such as `jedec_id` or the kernel's own words.
    package var identification: [String: String]
    /// How the chip is known: `sysfs`, `dmesg`, `proc-mtd`, `guess`.
    package var source: String

    package init(
        id: String, kind: Kind, size: Size, eraseBlockSize: Int, pageSize: Int, oobSize: Int, ecc: ECC? = nil,
        identification: [String: String] = [:], source: String
    ) {
        self.id = id
        self.kind = kind
        self.size = size
        self.eraseBlockSize = eraseBlockSize
        self.pageSize = pageSize
        self.oobSize = oobSize
        self.ecc = ecc
        self.identification = identification
        self.source = source
    }

    package init(
        id: String, kind: Kind, size: Int, sizeKnowledge: SizeKnowledge, eraseBlockSize: Int, pageSize: Int,
        oobSize: Int, ecc: ECC? = nil, identification: [String: String] = [:], source: String
    ) {
        let size: Size =
            switch sizeKnowledge {
            case .exact: .exact(size)
            case .atLeast: .atLeast(size)
            }
        self.init(
            id: id, kind: kind, size: size, eraseBlockSize: eraseBlockSize, pageSize: pageSize, oobSize: oobSize,
            ecc: ecc, identification: identification, source: source)
    }

    /// Bytes of the whole chip; nil where nothing tells.
    package var exactSize: Int? {
        switch size {
        case .exact(let bytes): bytes
        case .atLeast: nil
        }
    }

    /// Bytes that are known to be there. Where ``exactSize`` is nil, nothing may be concluded of what lies beyond.
    package var leastSize: Int {
        switch size {
        case .exact(let bytes), .atLeast(let bytes): bytes
        }
    }

    package var sizeKnowledge: SizeKnowledge {
        switch size {
        case .exact: .exact
        case .atLeast: .atLeast
        }
    }
}

// In JSON a size is a number, and a word beside it says what the number is.
extension Chip {
    private enum CodingKeys: String, CodingKey {
        case id, kind, size, sizeKnowledge, eraseBlockSize, pageSize, oobSize, ecc, identification, source
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            id: try container.decode(String.self, forKey: .id), kind: try container.decode(Kind.self, forKey: .kind),
            size: try container.decode(Int.self, forKey: .size),
            sizeKnowledge: try container.decode(SizeKnowledge.self, forKey: .sizeKnowledge),
            eraseBlockSize: try container.decode(Int.self, forKey: .eraseBlockSize),
            pageSize: try container.decode(Int.self, forKey: .pageSize),
            oobSize: try container.decode(Int.self, forKey: .oobSize),
            ecc: try container.decodeIfPresent(ECC.self, forKey: .ecc),
            identification: try container.decode([String: String].self, forKey: .identification),
            source: try container.decode(String.self, forKey: .source))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(kind, forKey: .kind)
        try container.encode(leastSize, forKey: .size)
        try container.encode(sizeKnowledge, forKey: .sizeKnowledge)
        try container.encode(eraseBlockSize, forKey: .eraseBlockSize)
        try container.encode(pageSize, forKey: .pageSize)
        try container.encode(oobSize, forKey: .oobSize)
        try container.encodeIfPresent(ecc, forKey: .ecc)
        try container.encode(identification, forKey: .identification)
        try container.encode(source, forKey: .source)
    }
}
