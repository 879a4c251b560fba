import FlashModel

extension Samples {
    static func digest(_ parts: [UInt8]...) -> [UInt8] {
        let text = StreamingChecksum.digest(of: Array(parts.joined()), .md5).hex
        return hex(text)
    }

    static func hex(_ text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    static let trx: Sample = {
        var image = ByteBuilder(28)
        image.append(body)
        image.text("HDR0", at: 0)
        image.little(image.bytes.count, at: 4)
        image.little(1, at: 14, 2)
        image.little(28, at: 16)
        image.little(2000, at: 20)
        image.little(image.jam(12..<image.bytes.count), at: 8)
        return Sample(name: "TRX", bytes: image.bytes, size: image.bytes.count, facts: ["version": "1"])
    }()

    static let tpLink: Sample = {
        var image = ByteBuilder(0x200)
        image.append(body)
        image.big(0x0100_0000, at: 0)
        image.text("TP-LINK Technologies", at: 4)
        image.text("ver. 1.0", at: 0x1C)
        image.big(0x0750_0001, at: 0x40)
        image.big(1, at: 0x44)
        image.big(image.bytes.count, at: 0x7C)
        image.big(0x200, at: 0x80)
        image.big(body.count, at: 0x84)
        image.put(hex("dcd73aa5c39598fbddf9e7f40eae4738"), at: 0x4C)
        image.put(digest(image.bytes), at: 0x4C)
        return Sample(
            name: "TP-Link firmware", bytes: image.bytes, size: image.bytes.count,
            facts: ["hardware id": "0x07500001", "firmware version": "ver. 1.0"])
    }()

    static let safeLoader: Sample = {
        var image = ByteBuilder(0x1814, filledWith: 0xFF)
        image.append(body)
        image.big(image.bytes.count, at: 0)
        image.text("fwup-ptn os-image base 0x00800 size 0x00bb8\t\r\n\0", at: 0x1014)
        image.put(digest(hex("7a2b15ed9b98596de504ab44ac2a9f4e"), Array(image.bytes[0x14...])), at: 4)
        return Sample(
            name: "TP-Link SafeLoader firmware", bytes: image.bytes, size: image.bytes.count,
            facts: ["parts": "fwup-ptn os-image base 0x00800 size 0x00bb8"])
    }()

    static let safeLoaderTable = Sample(
        name: "TP-Link partition table",
        bytes: [0, 4, 0, 0]
            + Array(
                "partition fs-uboot base 0x00000 size 0x20000\npartition os-image base 0x20000 size 0x150000\n\0".utf8
            ), grade: "plausible", facts: [:])

    static let seama: Sample = {
        var image = ByteBuilder(28 + 20)
        image.append(body)
        image.big(0x5EA3_A417, at: 0)
        image.big(20, at: 6, 2)
        image.big(body.count, at: 8)
        image.put(digest(body), at: 12)
        image.text("dev=/dev/mtdblock/1\0", at: 28)
        return Sample(
            name: "SEAMA", bytes: image.bytes, size: image.bytes.count, facts: ["entries": "dev=/dev/mtdblock/1"])
    }()

    static let chk: Sample = {
        let board = Array("U12H245T00_NETGEAR".utf8)
        var image = ByteBuilder(40)
        image.append(board)
        let header = image.bytes.count
        image.append(body)
        func sum(_ bytes: ArraySlice<UInt8>) -> Int {
            var (first, second): (UInt32, UInt32) = (0, 0)
            for byte in bytes {
                first &+= UInt32(byte)
                second &+= first
            }
            func fold(_ value: UInt32) -> UInt32 {
                let once = (value & 0xFFFF) + (value >> 16)
                return ((once >> 16) + once) & 0xFFFF
            }
            return Int(fold(second) << 16 | fold(first))
        }
        image.text("*#$^", at: 0)
        image.big(header, at: 4)
        image.bytes[8] = 1
        image.put([1, 0, 2, 67], at: 9)
        image.big(body.count, at: 24)
        image.big(sum(body[...]), at: 32)
        image.big(sum(image.bytes[0..<header]), at: 36)
        return Sample(
            name: "Netgear CHK", bytes: image.bytes, size: image.bytes.count,
            facts: ["board id": "U12H245T00_NETGEAR", "version": "1.0.2.67"])
    }()

    static let wrgg: Sample = {
        var image = ByteBuilder(0xA0)
        image.append(body)
        image.text("wrgac13_dlink.2013gui_dir850l", at: 0)
        image.big(0x2008_0321, at: 0x20)
        image.big(0x2008_0321, at: 0x24)
        image.text("v1.00", at: 0x28)
        image.text("DIR-850L", at: 0x38)
        image.big(body.count, at: 0x68)
        image.big(0x20000, at: 0x6C)
        image.text("/dev/mtdblock/2", at: 0x70)
        image.put(digest(Array(image.bytes[0x6C..<0x90]), body), at: 0x90)
        return Sample(name: "D-Link WRGG", bytes: image.bytes, size: image.bytes.count, facts: ["model": "DIR-850L"])
    }()

    static let xiaomi: Sample = {
        var image = ByteBuilder(48 + 48)
        image.append(body)
        image.text("HDR1", at: 0)
        image.little(48, at: 16)
        image.little(0xBABE, at: 48)
        image.little(body.count, at: 56)
        image.text("firmware.bin", at: 64)
        image.little(image.jam(12..<image.bytes.count), at: 8)
        return Sample(
            name: "Xiaomi HDR1", bytes: image.bytes, size: image.bytes.count, facts: ["blobs": "firmware.bin"])
    }()

    static let tag: Sample = {
        var image = ByteBuilder(256)
        image.append(body)
        image.text("6", at: 0)
        image.text("Broadcom Corporatio", at: 4)
        image.text("ver. 2.0", at: 24)
        image.text("6328", at: 38)
        image.text("963281TAN", at: 44)
        image.text("\(body.count)", at: 62)
        image.big(image.jam(256..<image.bytes.count), at: 216)
        image.big(image.jam(0..<236), at: 236)
        return Sample(
            name: "bcm63xx image tag", bytes: image.bytes, size: image.bytes.count, facts: ["board id": "963281TAN"])
    }()

    static let chdr: Sample = {
        var image = ByteBuilder(16)
        image.append(body)
        image.text("CHDR", at: 0)
        image.little(image.bytes.count, at: 4)
        image.little(1, at: 12)
        image.little(image.jam(12..<image.bytes.count), at: 8)
        return Sample(name: "Linksys CHDR", bytes: image.bytes, size: image.bytes.count)
    }()

    static let edimax: Sample = {
        var image = ByteBuilder(94)
        image.append(body)
        image.text("eDiMaX", at: 0)
        image.text("BR6478AC-V2", at: 16)
        image.big(body.count, at: 51)
        image.bytes[50] = body.reduce(0, &+) ^ 0xB9
        return Sample(
            name: "Edimax firmware", bytes: image.bytes, size: image.bytes.count, facts: ["model": "BR6478AC-V2"])
    }()

    static let realtek: Sample = {
        var image = ByteBuilder(16)
        image.append(body)
        image.text("cs6c", at: 0)
        image.big(0x8050_0000, at: 4)
        image.big(0x20000, at: 8)
        image.big(body.count + 2, at: 12)
        let sum = stride(from: 0, to: body.count, by: 2).reduce(UInt16(0)) {
            $0 &+ (UInt16(body[$1]) << 8 | UInt16(body[$1 + 1]))
        }
        image.append([0, 0])
        image.big(Int(0 &- sum), at: image.bytes.count - 2, 2)
        return Sample(name: "Realtek image", bytes: image.bytes, size: image.bytes.count, facts: ["kind": "kernel"])
    }()

    static let eva: Sample = {
        var image = ByteBuilder(0x20000)
        image.little(0xFEED_1281, at: 0)
        image.little(0x18000, at: 4)
        image.little(0x8000_2000, at: 8)
        return Sample(name: "AVM kernel", bytes: image.bytes, grade: "plausible", size: 0x18018)
    }()

    static let serComm: Sample = {
        var image = ByteBuilder(512)
        image.text("sErCoMm", at: 0)
        image.text("sErCoMm", at: 63)
        image.text("A001", at: 11)
        return Sample(
            name: "SerComm header", bytes: image.bytes, grade: "plausible", size: 512, facts: ["hardware id": "A001"])
    }()

    static let zyxel: Sample = {
        var image = ByteBuilder(380)
        image.append(body)
        image.text("0RDH", at: 0)
        image.big(380, at: 4)
        image.big(image.bytes.count, at: 8)
        image.big(image.jam(380..<image.bytes.count), at: 12)
        image.text("V1.00(ABUV.0)", at: 16)
        image.big(image.jam(0..<380), at: 372)
        return Sample(
            name: "ZyXEL firmware", bytes: image.bytes, size: image.bytes.count, facts: ["version": "V1.00(ABUV.0)"])
    }()
}
