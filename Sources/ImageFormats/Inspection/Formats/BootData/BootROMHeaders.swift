import FlashModel

/// MediaTek's headers for its boot ROM (U-Boot `tools/mtk_nand_headers.c`, `tools/mtk_image.h`): NAND geometry, or the mark
/// of NOR and eMMC. Plausible.
package enum MediaTekBootHeader: ContentFormat {
    package static let name = "MediaTek boot header"
    package static let signatures = [
        Signature("BOOTLOADER!"), Signature("NANDCFG!"), Signature("SPINAND!"), Signature("SF_BOOT"),
        Signature("EMMC_BOOT"), Signature("SDMMC_BOOT"),
    ]
    package static let alignment = 512

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let kind = String(
            decoding: try content.bytes(at: 0, count: 11).prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
        let (page, spare, perBlock): (Int, Int, Int)
        switch kind {
        case "BOOTLOADER!":
            guard try content.has("V006", at: 12) else { return nil }
            (page, spare, perBlock) = (try content.little(26, 2), try content.little(30, 2), try content.little(32, 2))
        case "NANDCFG!":
            (page, spare, perBlock) = (try content.little(32), try content.little(36), try content.little(40))
        case "SPINAND!":
            (page, spare, perBlock) = (try content.little(16), try content.little(20), try content.little(24, 2))
        default:
            return Finding(name, at: content.start, size: 512, grade: .plausible, facts: [Fact("kind", .text(kind))])
        }
        guard (512...16384).contains(page), spare <= 2048, perBlock <= 1024 else { return nil }
        return Finding(
            name, at: content.start, size: 128, grade: .plausible,
            facts: [
                Fact("kind", .text(kind)), Fact("page size", .size(page)), Fact("spare size", .size(spare)),
                Fact("pages per block", .number(perBlock)),
            ])
    }
}

/// Allwinner's first stage (U-Boot `include/sunxi_image.h`): `eGON.BT0` at 4, checksum at 12, length at 16. The words of
/// all add up to twice the checksum, with 0x5F0A6C39 in its place before. Proven by that.
package enum AllwinnerBoot: ContentFormat {
    package static let name = "Allwinner boot image"
    package static let signatures = [Signature("eGON.BT0", at: 4), Signature("eGON.BT1", at: 4)]
    package static let alignment = 512

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let (stored, length) = (UInt32(truncatingIfNeeded: try content.little(12)), try content.little(16))
        guard (0x40...1 << 20).contains(length), length % 4 == 0, length <= content.size else { return nil }
        var bytes: [UInt8] = []
        guard try content.stream(0..<length, { bytes += $0 }) else { return nil }
        let sum = stride(from: 0, to: length, by: 4).reduce(UInt32(0)) {
            $0 &+ UInt32(truncatingIfNeeded: bytes[$1...].little(0))
        }
        return .checked(
            name, at: content.start, size: length, holds: sum &- stored &+ 0x5F0A_6C39 == stored,
            facts: [.text("kind", try content.text(at: 4, count: 8))], changed: "its checksum does not hold")
    }
}

/// Trusted Firmware's image package (U-Boot `tools/fiptool`, TF-A `firmware_image_package.h`): little-endian 0xAA640001,
/// entries of 40 bytes with UUID, offset, size; the last, with a zero UUID, has the end. Plausible.
package enum FIP: ContentFormat {
    package static let name = "TF-A image package"
    package static let signatures = [Signature([0x01, 0x00, 0x64, 0xAA])]
    package static let alignment = 512
    private static let mostEntries = 64

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        var uuids: [String] = []
        for index in 0..<mostEntries {
            let place = 16 + 40 * index
            let (offset, size) = (try content.little(place + 16, 8), try content.little(place + 24, 8))
            let uuid = try content.bytes(at: place, count: 16)
            guard let end = offset.plus(size), end <= content.size else { return nil }
            if uuid.allSatisfy({ $0 == 0 }) {
                guard index > 0, offset > place else { return nil }
                return Finding(
                    name, at: content.start, size: offset, grade: .plausible, facts: [Fact("images", .texts(uuids))])
            }
            guard offset >= 56 else { return nil }
            uuids.append(UUIDText.text(uuid))
        }
        return nil
    }
}
