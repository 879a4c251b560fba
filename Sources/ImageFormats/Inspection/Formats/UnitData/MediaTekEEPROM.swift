/// Calibration of MediaTek and Ralink radios (Linux `drivers/net/wireless/mediatek/mt76`, `ralink/rt2x00/rt2800lib.c`): the
/// chip's number, little-endian, and the MAC address at 4. There is no checksum, so it is tried only at multiples of 4 KiB,
/// where boards have it, and plausible if the number is known, the address is a vendor's and not most of it is blank.
package enum MediaTekEEPROM: ContentFormat {
    package static let name = "MediaTek calibration"
    package static let signatures: [Signature] = []
    package static let interval: Int? = 4096

    /// Sizes by the chip's number.
    private static let sizes: [Int: Int] = {
        var sizes: [Int: Int] = [:]
        for (size, chips) in [
            (0x400, [0x7628, 0x7603, 0x7600, 0x7615, 0x7622]), (0x600, [0x7663]),
            (
                0x200,
                [
                    0x7610, 0x7612, 0x7650, 0x7662, 0x7620, 0x2860, 0x2872, 0x2883, 0x5350, 0x5390, 0x5392, 0x5592,
                    0x6352,
                ]
            ),
            (0x200, [0x3050, 0x3052, 0x3070, 0x3071, 0x3090, 0x3290, 0x3352, 0x3390, 0x3572, 0x3593]),
            (0xE00, [0x7915, 0x7961, 0x7921, 0x7925]), (0x1000, [0x7916, 0x7981, 0x7986]),
            (0x1E00, [0x7990, 0x7992, 0x7996]),
        ] { for chip in chips { sizes[chip] = size } }
        return sizes
    }()

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        sizes[head.little(0, 2)] != nil && MACText.isPlausible(head.dropFirst(4).prefix(6))
            // A vendor's address is not a locally administered one (IEEE 802, bit 1 of the first byte), and does not
            // begin with zeros alone.
            && head.byte(4) & 2 == 0 && head.dropFirst(4).prefix(3).contains { $0 != 0 }
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let chip = try content.little(0, 2)
        guard let size = sizes[chip], size <= content.size else { return nil }
        let bytes = try content.bytes(at: 0, count: size)
        // Calibration has much that is 0 or 0xFF, random data do not.
        let blank = bytes.count { $0 == 0 || $0 == 0xFF }
        guard blank < size * 19 / 20, blank > size / 8 else { return nil }
        return Finding(
            name, at: content.start, size: size, grade: .plausible,
            facts: [
                Fact("chip", .text("MT" + String(chip, radix: 16))),
                Fact("MAC address", .text(MACText.text(bytes.dropFirst(4).prefix(6)))),
            ], isOpaque: true)
    }
}
