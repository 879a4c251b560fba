/// Calibration of Atheros radios whose 16-bit words give 0xFFFF by exclusive or (Linux `drivers/net/wireless/ath/ath9k/eeprom*.c`,
/// `ath10k/core.c`): ath9k's AR5416 to AR9287 begin with 0xA55A or 0x5AA5, with the base header at word 256, 64 or 128; ath10k's
/// begin with their length. Proven by the exclusive or, which has 16 bits only, with the length and the address.
package enum AtherosCalibration: ContentFormat {
    package static let name = "Atheros calibration"
    package static let signatures = [
        Signature([0x44, 0x08]), Signature([0x20, 0x2F]), Signature([0xA5, 0x5A]), Signature([0x5A, 0xA5]),
    ]
    package static let alignment = 512

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        switch try content.big(0, 2) {
        case 0x4408: try ath10k(2116, "QCA988x", &content)
        case 0x202F: try ath10k(12064, "QCA99x0, IPQ4019", &content)
        default: try ath9k(&content)
        }
    }

    private static func ath10k(_ size: Int, _ chip: String, _ content: inout ContentBytes) throws -> Finding? {
        guard size <= content.size else { return nil }
        let bytes = try content.bytes(at: 0, count: size)
        guard exclusiveOr(bytes) == 0xFFFF, MACText.isPlausible(bytes.dropFirst(6).prefix(6)) else { return nil }
        return Finding(
            name, at: content.start, size: size, grade: .proven,
            facts: [
                Fact("chip", .text(chip)), Fact("MAC address", .text(MACText.text(bytes.dropFirst(6).prefix(6)))),
            ], isOpaque: true)
    }

    private static func ath9k(_ content: inout ContentBytes) throws -> Finding? {
        // The magic word shows the order of all words.
        for isBigEndian in [try content.big(0, 2) == 0xA55A] {
            for (word, chip) in [(256, "AR5416, AR9280"), (64, "AR9285"), (128, "AR9287")] {
                let base = 2 * word
                guard base + 24 <= content.size else { continue }
                let length = try content.number(base, 2, isBigEndian: isBigEndian)
                let version = try content.number(base + 4, 2, isBigEndian: isBigEndian)
                guard (0x80...0x1000).contains(length), length % 2 == 0, version >> 12 == 0xE,
                    base + length <= content.size
                else { continue }
                let bytes = try content.bytes(at: base, count: length)
                guard exclusiveOr(bytes) == 0xFFFF else { continue }
                return Finding(
                    name, at: content.start, size: base + length, grade: .proven,
                    facts: [
                        Fact("chip", .text(chip)),
                        Fact("MAC address", .text(MACText.text(bytes.dropFirst(12).prefix(6)))),
                    ], isOpaque: true)
            }
        }
        return nil
    }

    private static func exclusiveOr(_ bytes: ArraySlice<UInt8>) -> Int {
        stride(from: 0, to: bytes.count - 1, by: 2).reduce(0) { $0 ^ bytes.little($1, 2) }
    }
}

/// Calibration of the AR9300 family (Linux `drivers/net/wireless/ath/ath9k/ar9003_eeprom.h`): version 2, the number of a
/// template, MAC address at 2; 0x440 bytes are used. No checksum: tried at multiples of 4 KiB, and plausible if the regulatory
/// and chain fields are sane.
package enum AR9300Calibration: ContentFormat {
    package static let name = "AR9300 calibration"
    package static let signatures: [Signature] = []
    package static let interval: Int? = 4096
    private static let size = 0x440

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        // Transmit and receive chains, operating flags, and a reserved area of zeros are what noise lacks.
        head.count >= size && head.byte(0) == 2 && (2...6).contains(head.byte(1))
            && MACText.isPlausible(head.dropFirst(2).prefix(6)) && (1...7).contains(head.byte(32) >> 4)
            && (1...7).contains(head.byte(32) & 15) && (1...3).contains(head.byte(33))
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let bytes = try content.bytes(at: 0, count: size)
        guard bytes.count(where: { $0 == 0 || $0 == 0xFF }) > size / 8 else { return nil }
        return Finding(
            name, at: content.start, size: size, grade: .plausible,
            facts: [
                Fact("template", .number(Int(bytes.byte(1)))),
                Fact("MAC address", .text(MACText.text(bytes.dropFirst(2).prefix(6)))),
            ], isOpaque: true)
    }
}
