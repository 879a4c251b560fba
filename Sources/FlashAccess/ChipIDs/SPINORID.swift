/// The identification that a serial NOR chip answers to command 9Fh (JEDEC JESD216, section 6.2): the manufacturer, and
/// two bytes for the device.
package struct SPINORID: Sendable, Hashable {
    /// JEDEC JEP106, bank 1.
    package var manufacturer: UInt8
    /// The type of memory, as the manufacturer counts.
    package var type: UInt8
    /// Mostly the size as a power of two.
    package var capacity: UInt8

    package init(manufacturer: UInt8, type: UInt8, capacity: UInt8) {
        self.manufacturer = manufacturer
        self.type = type
        self.capacity = capacity
    }

    /// The id in three bytes; nil if there are more or fewer, or if nothing answered (all bits alike).
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 3, bytes[0] != 0, bytes[0] != 0xFF else { return nil }
        self.init(manufacturer: bytes[0], type: bytes[1], capacity: bytes[2])
    }

    /// The manufacturer, if known.
    package var maker: String? { Self.makers[manufacturer] }

    /// The size in bytes; nil if the id does not tell it for certain.
    ///
    /// These manufacturers give the size as a power of two (their datasheets; Linux `drivers/mtd/spi-nor/`). From 64 MiB
    /// on some of them go on at 20h, and Macronix has its low-voltage chips 20h higher (MX25U1635F: C2 25 35).
    package var size: Int? {
        guard Self.makers[manufacturer] != nil else { return nil }
        switch capacity {
        // Spansion's smaller chips count otherwise: S25FL032P is 01 02 15.
        case ..<0x18 where manufacturer == 0x01: return nil
        case 0x10...0x19: return 1 << Int(capacity)
        case 0x1A where manufacturer != 0x20, 0x20 where Self.goOnAt20.contains(manufacturer): return 1 << 26
        case 0x1B where manufacturer != 0x20, 0x21 where Self.goOnAt20.contains(manufacturer): return 1 << 27
        case 0x22 where Self.goOnAt20.contains(manufacturer): return 1 << 28
        case 0x32...0x3B where manufacturer == 0xC2: return 1 << (Int(capacity) - 0x20)
        default: return nil
        }
    }

    /// Spansion S25FL-S, Micron N25Q and MT25Q, Winbond W25Q-NW.
    private static let goOnAt20: Set<UInt8> = [0x01, 0x20, 0x2C, 0xEF]

    /// Not among them: SST (BFh) and Atmel (1Fh), whose ids do not tell the size this way.
    private static let makers: [UInt8: String] = [
        0x01: "Spansion", 0x0B: "XTX", 0x1C: "Eon", 0x20: "Micron or XMC", 0x2C: "Micron", 0x5E: "Zbit", 0x68: "Boya",
        0x85: "Puya", 0x8C: "ESMT", 0x9D: "ISSI", 0xA1: "Fudan", 0xBA: "Zetta", 0xC2: "Macronix", 0xC8: "GigaDevice",
        0xCD: "FORESEE", 0xEF: "Winbond", 0xF8: "Fidelix",
    ]
}
