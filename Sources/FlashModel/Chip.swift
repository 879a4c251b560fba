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
        /// The kernel gave the whole chip's size.
        case exact
        /// Only partitions are known; the chip reaches at least to the end of the last one.
        case atLeast = "at-least"
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
    /// Bytes.
    package var size: Int
    /// Whether ``size`` is the whole chip.
    package var sizeKnowledge: SizeKnowledge
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
        id: String, kind: Kind, size: Int, sizeKnowledge: SizeKnowledge, eraseBlockSize: Int, pageSize: Int,
        oobSize: Int, ecc: ECC? = nil, identification: [String: String] = [:], source: String
    ) {
        self.id = id
        self.kind = kind
        self.size = size
        self.sizeKnowledge = sizeKnowledge
        self.eraseBlockSize = eraseBlockSize
        self.pageSize = pageSize
        self.oobSize = oobSize
        self.ecc = ecc
        self.identification = identification
        self.source = source
    }
}
