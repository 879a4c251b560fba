import FlashModel

extension Samples {
    static let jcg: Sample = {
        var image = ByteBuilder(512)
        image.append(uImage.bytes)
        image.text("YSZJ", at: 0)
        image.big(1, at: 36)
        image.big(3, at: 0x6C, 2)
        image.big(25, at: 0x6E, 2)
        image.big(image.crc(512..<image.bytes.count), at: 504)
        image.big(image.crc(0..<512), at: 508)
        return Sample(name: "JCG firmware", bytes: image.bytes, size: image.bytes.count, facts: ["version": "3.25"])
    }()

    static let senao: Sample = {
        var image = ByteBuilder(0x60)
        image.append(body.enumerated().map { $1 ^ UInt8(truncatingIfNeeded: 0x1234_5678 >> ($0 % 512 % 8)) })
        image.big(0x101, at: 4)
        image.big(87, at: 8)
        image.text("1.2.3", at: 0xC)
        image.big(body.count, at: 0x20)
        image.put(digest(body), at: 0x28)
        image.big(0x1234_5678, at: 0x5C)
        image.big(image.bytes[0..<0x60].reduce(0) { $0 + Int($1) }, at: 0x58)
        return Sample(
            name: "Senao firmware", bytes: image.bytes, size: image.bytes.count,
            facts: ["version": "1.2.3", "product": "87"])
    }()

    static let buffalo: Sample = {
        var image = ByteBuilder(160)
        image.append(body)
        image.text("WZR-HP-G300NH", at: 0)
        image.text("BUFFALO", at: 32)
        image.text("1.65", at: 64)
        image.big(image.bytes.count, at: 136)
        let sum = StreamingChecksum.digest(of: image.bytes, .cksum).hex
        image.put(hex(sum), at: 140)
        return Sample(
            name: "Buffalo firmware", bytes: image.bytes, size: image.bytes.count,
            facts: ["product": "WZR-HP-G300NH", "version": "1.65"])
    }()

    static let dni: Sample = {
        var image = ByteBuilder(128)
        image.text("device:WNDR3700\nversion:V1.0.7.98\nregion:WW\n", at: 0)
        return Sample(
            name: "Netgear DNI header", bytes: image.bytes, grade: "plausible", size: 128,
            facts: ["device": "WNDR3700", "version": "V1.0.7.98"])
    }()

    static let android: Sample = {
        var image = ByteBuilder(3 * 2048)
        image.text("ANDROID!", at: 0)
        image.little(2048, at: 8)
        image.little(100, at: 16)
        image.little(2048, at: 36)
        image.text("console=ttyMSM0", at: 64)
        return Sample(
            name: "Android boot image", bytes: image.bytes, grade: "plausible", size: 3 * 2048,
            facts: ["boot arguments": "console=ttyMSM0"])
    }()

    static let marvell: Sample = {
        var image = ByteBuilder(0x1000)
        image.bytes[0] = 0x5A
        image.bytes[8] = 1
        image.little(0x200, at: 10, 2)
        image.little(0xE00, at: 4)
        image.little(0x200, at: 12)
        image.put(body.prefix(0x100), at: 0x40)
        image.bytes[0x1F] = image.bytes[0..<0x200].reduce(0, &+)
        return Sample(
            name: "Marvell boot image", bytes: image.bytes, grade: "plausible", size: 0x1000, facts: ["flash": "SPI"])
    }()

    static let dropbear: Sample = {
        let kind = Array("ssh-ed25519".utf8)
        return Sample(
            name: "SSH key", bytes: [0, 0, 0, 11] + kind + [0, 0, 0, 64] + body.prefix(64), grade: "plausible",
            size: 83,
            facts: ["kind": "ssh-ed25519"])
    }()
}
