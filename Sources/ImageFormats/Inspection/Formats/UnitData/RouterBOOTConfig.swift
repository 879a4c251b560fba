import FlashModel

/// MikroTik's configuration of the unit and of RouterBOOT (OpenWrt `platform/mikrotik/routerboot.c`): `Hard` or `Soft`, in the
/// processor's order, then tags of id and length. `Soft` has a CRC-32 over 4 KiB with its field as 0, and is proven by that;
/// `Hard` is plausible, and unique to the unit.
package enum RouterBOOTConfig: ContentFormat {
    package static let name = "RouterBOOT configuration"
    package static let signatures = ["Hard", "draH", "Soft", "tfoS"].map { Signature($0) }
    package static let alignment = 4096
    private static let size = 4096

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        guard let magic = try content.text(at: 0, count: 4), size <= content.size else { return nil }
        let isBigEndian = magic == "Hard" || magic == "Soft"
        let isSoft = magic == "Soft" || magic == "tfoS"
        guard !isSoft else {
            let stored = try content.number(4, isBigEndian: isBigEndian)
            return .checked(
                name, at: content.start, size: size,
                holds: try content.crc32(0..<4, zeros: 4, 8..<size).map { Int($0) == stored },
                facts: [Fact("kind", .text("soft"))], changed: "its checksum does not hold: RouterBOOT uses defaults",
                isOpaque: true)
        }
        var facts: [Fact?] = [Fact("kind", .text("hard"))]
        var place = 4
        var tags = 0
        while place + 4 <= size {
            let word = try content.number(place, isBigEndian: isBigEndian)
            guard word != 0 else { break }
            let (id, length) = (word & 0xFFFF, word >> 16)
            guard (1...0x40).contains(id), place + 4 + length <= size else { break }
            let value = try content.bytes(at: place + 4, count: length)
            if id == 4, length >= 6 { facts.append(Fact("MAC address", .text(MACText.text(value.prefix(6))))) }
            if let tag = tagNames[id] { facts.append(.text(tag, NameText.text(value.prefix { $0 != 0 }))) }
            tags += 1
            place += 4 + (length.roundedUp(to: 4) ?? length)
        }
        guard tags >= 2 else { return nil }
        return Finding(name, at: content.start, size: size, grade: .plausible, facts: facts, isOpaque: true)
    }

    private static let tagNames = [
        5: "product code", 6: "bootloader version", 0xB: "serial number", 0x11: "board", 0x21: "product",
    ]
}
