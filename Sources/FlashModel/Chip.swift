/// A flash chip, or what the board's kernel presents as one (two chips in parallel appear as one).
package struct Chip: Sendable, Codable, Hashable, Identifiable {
    /// The kind of memory, in the terms of the kernel's `/sys/class/mtd/mtdN/type` (`drivers/mtd/mtdcore.c`), with
    /// SPI-NOR distinguished if known.
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

        /// Whether erase blocks can be bad and ECC protects the pages.
        package var isNAND: Bool {
            switch self {
            case .nand, .mlcNAND, .spiNAND: true
            case .nor, .spiNOR, .dataflash, .ram, .rom, .unknown: false
            }
        }
    }

    /// How a chip's size is known.
    package enum SizeKnowledge: String, Sendable, Codable {
        /// The board reported the size of the whole chip.
        case exact
        /// Only the size of a part is known, such as that of its partitions: the end of the chip is unknown.
        case atLeast = "at-least"
    }

    /// The size of a chip, as far as it is known. Code that needs a number must choose between the two cases.
    package enum Size: Sendable, Hashable {
        /// The size of the whole chip in bytes.
        case exact(Int)
        /// The number of bytes known to exist; the chip may have more. 0 if nothing is known.
        case atLeast(Int)
    }

    /// The error correction of a NAND chip's pages.
    package struct ECC: Sendable, Codable, Hashable {
        /// Correctable bits per step (sysfs `ecc_strength`).
        package var strength: Int
        /// Bytes per step (sysfs `ecc_step_size`).
        package var stepSize: Int

        package init(strength: Int, stepSize: Int) {
            self.strength = strength
            self.stepSize = stepSize
        }
    }

    /// The erase block size in bytes as the board reports it; if it does not, that of most serial flash.
    package static func eraseUnit(_ told: Int) -> Int { told > 0 ? told : 64 << 10 }

    /// Stable within a backup: the device's name in the kernel (`spi0.0`), otherwise `chip0`, `chip1`, …
    package var id: String
    /// The kind of memory.
    package var kind: Kind
    /// The exact or minimum size.
    package var size: Size
    /// The size in bytes of the smallest erasable unit in this boot of the board; the largest, on chips with several
    /// sizes.
    package var eraseBlockSize: Int
    /// The size in bytes of the smallest writable unit: the page on NAND, usually 1 on NOR.
    package var pageSize: Int
    /// Spare bytes per page; 0 if there are none.
    package var oobSize: Int
    /// The ECC that the driver uses; NAND only.
    package var ecc: ECC?
    /// Everything that identifies the chip as found, such as `jedec_id` or the kernel's own description.
    package var identification: [String: String]
    /// The source of the chip's data: `sysfs`, `dmesg`, `proc-mtd`, `guess`.
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

    /// The size of the whole chip in bytes; nil if unknown.
    package var exactSize: Int? {
        switch size {
        case .exact(let bytes): bytes
        case .atLeast: nil
        }
    }

    /// The number of bytes known to exist. If ``exactSize`` is nil, nothing may be concluded about the bytes beyond.
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

// In JSON the size is a number, and a field beside it says what the number means.
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
