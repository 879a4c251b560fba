/// The identification that a NAND chip answers to command 90h: the manufacturer and the device.
package struct NANDID: Sendable, Hashable {
    /// JEDEC JEP106, bank 1.
    package var manufacturer: UInt8
    /// The device code; of parallel NAND it means the same with every manufacturer.
    package var device: UInt8

    package init(manufacturer: UInt8, device: UInt8) {
        self.manufacturer = manufacturer
        self.device = device
    }

    /// The size in bytes of a parallel chip; nil if the code is not known.
    ///
    /// Linux `drivers/mtd/nand/raw/nand_ids.c`, the table of device codes.
    package var parallelSize: Int? {
        let mebibytes: Int? =
            switch device {
            case 0xE6, 0xD6: 8
            case 0x33, 0x73, 0x43, 0x53: 16
            case 0x35, 0x75, 0x45, 0x55: 32
            case 0x36, 0x76, 0x46, 0x56: 64
            case 0xA2, 0xA0, 0xF2, 0xD0, 0xF0, 0xB2, 0xB0, 0xC2, 0xC0: 64
            case 0x78, 0x39, 0x79, 0x72, 0x49, 0x74, 0x59: 128
            case 0xA1, 0xF1, 0xD1, 0xB1, 0xC1, 0xAD: 128
            case 0xAA, 0xDA, 0xBA, 0xCA: 256
            case 0xAC, 0xDC, 0xBC, 0xCC: 512
            case 0xA3, 0xD3, 0xB3, 0xC3: 1_024
            case 0xA5, 0xD5, 0xB5, 0xC5: 2_048
            case 0xA7, 0xD7, 0xB7, 0xC7: 4_096
            case 0xAE, 0xDE, 0xBE, 0xCE: 8_192
            default: nil
            }
        return mebibytes.map { $0 << 20 }
    }

    /// The size in bytes of a chip on SPI; nil if the code is not known. Each manufacturer has codes of its own.
    ///
    /// Linux `drivers/mtd/nand/spi/`, the tables of each manufacturer.
    package var serialSize: Int? { Self.serial[manufacturer]?[device].map { $0 << 20 } }

    private static let serial: [UInt8: [UInt8: Int]] = [
        // ESMT and GigaDevice share a number (JEP106 counts banks, which NAND does not tell).
        0xC8: [
            0x01: 128, 0xB1: 128, 0xD1: 128, 0xF1: 128, 0xA1: 128, 0x51: 128, 0x41: 128, 0x91: 128, 0xD9: 128,
            0xF2: 256,
            0xD2: 256, 0xA2: 256, 0x52: 256, 0x42: 256, 0x92: 256, 0xF4: 512, 0xB4: 512, 0xA4: 512, 0xD4: 512,
            0x55: 512,
            0x95: 512,
        ],
        // Winbond W25N: the second byte is the type of memory, the third (21h, 22h, 23h) the size.
        0xC2: [0x12: 128, 0x22: 256, 0x14: 128, 0x24: 256, 0x26: 256, 0x96: 128, 0x37: 512, 0xA6: 256],
        0x2C: [0x14: 128, 0x15: 128, 0x24: 256, 0x25: 256, 0x34: 512, 0x35: 512, 0x36: 512],
        0x98: [0xC2: 128, 0xCB: 256, 0xCD: 512, 0xB2: 128, 0xBB: 256, 0xBD: 512, 0xE2: 128, 0xEB: 256, 0xED: 512],
        0xA1: [0xE1: 128, 0xE2: 256],
        0x0B: [0xE1: 128, 0xE2: 256, 0xF1: 128, 0xF2: 256],
        0xCD: [0xEA: 128, 0xEB: 256],
    ]

    /// The size in bytes of a Winbond W25N, by the third byte of its id (W25N01GV, W25N02KV, W25N04KV datasheets).
    package static func winbondSize(third: UInt8) -> Int? {
        switch third {
        case 0x21: 128 << 20
        case 0x22: 256 << 20
        case 0x23: 512 << 20
        default: nil
        }
    }
}
