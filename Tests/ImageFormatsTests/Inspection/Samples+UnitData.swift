import FlashModel

extension Samples {
    static let softConfig: Sample = {
        var image = ByteBuilder(4096)
        image.text("Soft", at: 0)
        image.big(0x0004_0002, at: 8)
        image.big(image.crc(0..<4096), at: 4)
        return Sample(
            name: "RouterBOOT configuration", bytes: image.bytes, size: 4096, facts: ["kind": "soft"])
    }()

    static let hardConfig: Sample = {
        var image = ByteBuilder(4096)
        image.text("draH", at: 0)
        image.little(0x0008_0004, at: 4)
        image.put([0x4C, 0x5E, 0x0C, 1, 2, 3, 0, 0], at: 8)
        image.little(0x000C_000B, at: 16)
        image.text("ABCDEF012345", at: 20)
        return Sample(
            name: "RouterBOOT configuration", bytes: image.bytes, grade: "plausible", size: 4096,
            facts: ["MAC address": "4c:5e:0c:01:02:03", "serial number": "ABCDEF012345"])
    }()

    static let mediaTek: Sample = {
        var image = ByteBuilder(0x400)
        image.put(body.prefix(0x200), at: 0x100)
        image.little(0x7628, at: 0, 2)
        image.put([0x00, 0x0C, 0x43, 1, 2, 3], at: 4)
        return Sample(
            name: "MediaTek calibration", bytes: image.bytes, grade: "plausible", size: 0x400,
            facts: ["chip": "MT7628", "MAC address": "00:0c:43:01:02:03"])
    }()

    /// The exclusive or of all 16-bit words.
    private static func xor(_ bytes: ArraySlice<UInt8>) -> Int {
        let all = Array(bytes)
        return stride(from: 0, to: all.count, by: 2).reduce(0) { $0 ^ (Int(all[$1]) | Int(all[$1 + 1]) << 8) }
    }

    static let ath10k: Sample = {
        var image = ByteBuilder(2116)
        image.put(body.prefix(1500), at: 200)
        image.put([0x44, 0x08], at: 0)
        image.put([0x00, 0x03, 0x7F, 1, 2, 3], at: 6)
        image.little(xor(image.bytes[...]) ^ 0xFFFF, at: 2, 2)
        return Sample(
            name: "Atheros calibration", bytes: image.bytes, size: 2116, facts: ["MAC address": "00:03:7f:01:02:03"])
    }()

    static let ath9k: Sample = {
        var image = ByteBuilder(512 + 0x2F0)
        image.put([0xA5, 0x5A], at: 0)
        image.big(0x2F0, at: 512, 2)
        image.big(0xE00E, at: 516, 2)
        image.put([0x00, 0x03, 0x7F, 4, 5, 6], at: 524)
        image.put(body.prefix(300), at: 600)
        image.little(xor(image.bytes[512...]) ^ 0xFFFF, at: 514, 2)
        return Sample(
            name: "Atheros calibration", bytes: image.bytes, size: 512 + 0x2F0,
            facts: ["MAC address": "00:03:7f:04:05:06", "chip": "AR5416, AR9280"])
    }()

    static let mbr: Sample = {
        var image = ByteBuilder(2048 * 512)
        image.put([0x55, 0xAA], at: 510)
        image.bytes[450] = 0x83
        image.little(63, at: 454)
        image.little(1000, at: 458)
        return Sample(name: "MBR", bytes: image.bytes, grade: "plausible", size: 512)
    }()

    /// Only the header's sector and the entries; the sector before them is not there.
    static let gpt: Sample = {
        var image = ByteBuilder(512 + 128)
        image.text("EFI PART", at: 0)
        image.little(0x10000, at: 8)
        image.little(92, at: 12)
        image.little(1, at: 24)
        image.little(2, at: 72)
        image.little(1, at: 80)
        image.little(128, at: 84)
        image.put([UInt8](repeating: 7, count: 16), at: 512)
        image.little(34, at: 512 + 32)
        image.little(99, at: 512 + 40)
        image.put([0x61, 0, 0x72, 0, 0x74, 0], at: 512 + 56)
        image.little(image.crc(0..<92), at: 16)
        return Sample(
            name: "GPT", bytes: image.bytes, size: 512, facts: ["partitions": "art: 0x00004400, 0x00008400"])
    }()
}
