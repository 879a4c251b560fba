import FlashModel
import TestSupport
import Testing

/// Small images of formats, written from their specifications: `ContentFormat` of the same name cites them.
enum Samples {
    struct Sample: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        var grade = "proven"
        /// nil if its end is unknown.
        var size: Int?
        var facts: [String: String] = [:]

        var testDescription: String { name }
    }

    static let all: [Sample] =
        [
            uImage, changedUImage, uBoot, environment, redundantEnvironment, broadcomNVRAM, bcm963xxNVRAM, fconfig, fis,
            qualcomm, mediaTekHeader, allwinner, trx, tpLink, safeLoader, safeLoaderTable, seama, chk, wrgg, xiaomi,
            tag,
            chdr, edimax, realtek, eva, serComm, zyxel, linuxVersion, gzip, softConfig, hardConfig, mediaTek, ath10k,
            ath9k,
            gpt, mbr, jcg, senao, buffalo, dni, android, marvell, dropbear,
        ]

    static let body = SplitMix64.bytes(3000, seed: 7)

    // MARK: Bootloaders

    static let uImage: Sample = {
        var image = ByteBuilder(64)
        image.append(body)
        image.put([0x27, 0x05, 0x19, 0x56], at: 0)
        image.big(1_700_000_000, at: 8)
        image.big(body.count, at: 12)
        image.big(0x8006_0000, at: 16)
        image.big(0x8006_0400, at: 20)
        image.big(image.crc(64..<image.bytes.count), at: 24)
        image.put([5, 5, 2, 3], at: 28)
        image.text("MIPS OpenWrt Linux-5.15.150", at: 32)
        image.big(image.crc(0..<64), at: 4)
        return Sample(
            name: "uImage", bytes: image.bytes, size: image.bytes.count,
            facts: ["name": "MIPS OpenWrt Linux-5.15.150", "compression": "lzma", "architecture": "MIPS"])
    }()

    static let changedUImage: Sample = {
        var sample = uImage
        sample.bytes[2000] ^= 1
        sample.grade = "plausible"
        return sample
    }()

    static let uBoot = Sample(
        name: "U-Boot", bytes: Array("\0U-Boot 1.1.3 (Aug 27 2013 - 21:58:50)\0".utf8), grade: "plausible",
        facts: ["version": "1.1.3", "built": "Aug 27 2013 - 21:58:50"])

    private static func environment(head: Int, isBigEndian: Bool) -> [UInt8] {
        var image = ByteBuilder(0x2000)
        image.text("bootcmd=bootm 0x9f050000\0baudrate=115200\0ethaddr=00:11:22:33:44:55\0", at: head)
        if head == 5 { image.bytes[4] = 1 }
        let sum = image.crc(head..<0x2000)
        if isBigEndian { image.big(sum, at: 0) } else { image.little(sum, at: 0) }
        return image.bytes
    }

    static let environment = Sample(
        name: "U-Boot environment", bytes: environment(head: 4, isBigEndian: true), size: 0x2000,
        facts: ["bootcmd": "bootm 0x9f050000", "ethaddr": "00:11:22:33:44:55"])
    static let redundantEnvironment = Sample(
        name: "U-Boot environment", bytes: environment(head: 5, isBigEndian: false), size: 0x2000,
        facts: ["redundant, flag": "1", "baudrate": "115200"])

    static let broadcomNVRAM: Sample = {
        var image = ByteBuilder(0x100)
        image.text("FLSH", at: 0)
        image.little(0x100, at: 4)
        image.bytes[9] = 1
        image.text("boardtype=0x0472\0et0macaddr=00:11:22:33:44:55\0\0", at: 20)
        let sum = image.bytes[9...].reduce(UInt8(0xFF)) { sum, byte in
            (0..<8).reduce(sum ^ byte) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xAB : value >> 1 }
        }
        image.bytes[8] = sum
        return Sample(
            name: "bcm47xx NVRAM", bytes: image.bytes, size: 0x100, facts: ["et0macaddr": "00:11:22:33:44:55"])
    }()

    static let bcm963xxNVRAM: Sample = {
        var image = ByteBuilder(1024)
        image.big(5, at: 0)
        image.text("e=192.168.1.1:ffffff00 h=192.168.1.100 g= r=f f=vmlinux i=bcm963xx_fs_kernel d=1 p=0 ", at: 4)
        image.text("963168VX", at: 260)
        image.big(11, at: 284)
        image.put([0, 0x10, 0x18, 1, 2, 3], at: 288)
        image.big(128, at: 592)
        image.big(64512, at: 616)
        image.big(jam(image, 0..<1024), at: 1020)
        return Sample(
            name: "bcm63xx NVRAM", bytes: image.bytes, size: 1024,
            facts: ["board id": "963168VX", "MAC address": "00:10:18:01:02:03"])
    }()

    private static func jam(_ image: ByteBuilder, _ range: Range<Int>) -> Int { image.jam(range) }

    static let fconfig: Sample = {
        var image = ByteBuilder(0x1000)
        image.big(0x1000, at: 0)
        image.big(0x0BAD_FACE, at: 4)
        let item: [UInt8] = [5, 12, 1, 0] + Array("bootp_my_ip\0".utf8) + [192, 168, 1, 1]
        image.put(item, at: 8)
        image.big(0xDEAD_DEAD, at: 0x1000 - 8)
        image.big(image.zero(0..<(0x1000 - 4)), at: 0x1000 - 4)
        return Sample(
            name: "RedBoot configuration", bytes: image.bytes, size: 0x1000, facts: ["bootp_my_ip": "192.168.1.1"])
    }()

    static let fis: Sample = {
        var image = ByteBuilder(0x1000, filledWith: 0xFF)
        for (index, entry) in [("RedBoot", 0x5003_0000, 0x30000), ("linux", 0x5006_0000, 0x100000)].enumerated() {
            image.put([UInt8](repeating: 0, count: 256), at: 256 * index)
            image.text(entry.0, at: 256 * index)
            image.big(entry.1, at: 256 * index + 16)
            image.big(entry.2, at: 256 * index + 24)
            image.big(entry.2, at: 256 * index + 32)
        }
        return Sample(
            name: "RedBoot directory", bytes: image.bytes, grade: "plausible", size: 512,
            facts: ["byte order": "big-endian"])
    }()

    static let qualcomm: Sample = {
        var image = ByteBuilder(16 + 2 * 28)
        image.put([0xAA, 0x73, 0xEE, 0x55, 0xDB, 0xBD, 0x5E, 0xE3], at: 0)
        image.little(3, at: 8)
        image.little(2, at: 12)
        for (index, entry) in [("0:SBL1", 0, 4), ("0:ART", 4, 1)].enumerated() {
            image.text(entry.0, at: 16 + 28 * index)
            image.little(entry.1, at: 32 + 28 * index)
            image.little(entry.2, at: 36 + 28 * index)
        }
        return Sample(
            name: "Qualcomm partition table", bytes: image.bytes, grade: "plausible", size: 72, facts: ["version": "3"])
    }()

    static let mediaTekHeader: Sample = {
        var image = ByteBuilder(128)
        image.text("BOOTLOADER!\0V006", at: 0)
        image.text("NFIINFO\0", at: 16)
        image.little(2048, at: 26, 2)
        image.little(64, at: 30, 2)
        image.little(64, at: 32, 2)
        return Sample(
            name: "MediaTek boot header", bytes: image.bytes, grade: "plausible", size: 128,
            facts: ["page size": "2048", "pages per block": "64"])
    }()

    static let allwinner: Sample = {
        var image = ByteBuilder(4096)
        image.put(body, at: 32)
        image.text("eGON.BT0", at: 4)
        image.little(0x5F0A_6C39, at: 12)
        image.little(4096, at: 16)
        let sum = stride(from: 0, to: 4096, by: 4).reduce(UInt32(0)) { sum, place in
            sum &+ image.bytes[place..<(place + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        image.little(Int(sum), at: 12)
        return Sample(name: "Allwinner boot image", bytes: image.bytes, size: 4096)
    }()

    // MARK: Kernels and streams

    static let linuxVersion = Sample(
        name: "Linux version",
        bytes: Array(
            "\0Linux version 5.15.150 (builder@buildhost) (mips-openwrt-linux-musl-gcc (OpenWrt GCC 12.3.0)) #0 Fri Mar\n\0"
                .utf8
        ), grade: "plausible", facts: ["version": "5.15.150"])

    /// `printf flashkeep | gzip -n`.
    static let gzip = Sample(
        name: "gzip",
        bytes: [
            0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x4B, 0xCB, 0x49, 0x2C, 0xCE, 0xC8, 0x4E, 0x4D, 0x2D, 0, 0, 0xD1, 0xCA,
            0xB5,
            0xAD, 9, 0, 0, 0,
        ], size: 29, facts: ["unpacked size": "9"])
}
