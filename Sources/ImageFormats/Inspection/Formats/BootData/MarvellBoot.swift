import FlashModel

/// Marvell's kwbimage of version 1, for Armada (U-Boot `tools/kwbimage.h`): the first byte is the kind of flash, the header's bytes
/// add up to the byte at 0x1F, which counts as 0. It has no magic number, so it is tried at multiples of 64 KiB. Plausible: the
/// sum has 8 bits only.
package enum MarvellBoot: ContentFormat {
    package static let name = "Marvell boot image"
    package static let signatures: [Signature] = []
    package static let interval: Int? = 65536
    private static let kinds: [UInt8: String] = [0x5A: "SPI", 0x8B: "NAND", 0x78: "SATA", 0xAE: "eMMC", 0x69: "UART"]

    package static func couldStart(_ head: ArraySlice<UInt8>) -> Bool {
        let size = Int(head.byte(9)) << 16 | head.little(10, 2)
        return head.count >= 32 && kinds[head.byte(0)] != nil && head.byte(8) == 1 && (64...1 << 20).contains(size)
            && head.byte(0x1E) <= 1 && head.little(4) > 0 && head.little(12) >= size && head.little(4) < 1 << 26
    }

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let size = (try content.little(9, 1)) << 16 | (try content.little(10, 2))
        let (stored, start, count) = (try content.little(0x1F, 1), try content.little(12), try content.little(4))
        guard let sum = try content.byteSum(0..<size), (Int(sum & 0xFF) - stored) & 0xFF == stored,
            let end = start.plus(count), end <= content.size
        else { return nil }
        return Finding(
            name, at: content.start, size: end, grade: .plausible,
            facts: [.text("flash", kinds[UInt8(try content.little(0, 1))]), Fact("header size", .size(size))])
    }
}
