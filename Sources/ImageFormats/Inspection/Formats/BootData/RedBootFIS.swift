import FlashModel

/// RedBoot's FIS directory (eCos `redboot/flash.h`; Linux `drivers/mtd/parsers/redboot.c`): entries of 256 bytes in the
/// processor's byte order, with name, flash address, memory address, size, entry point and length of the data. 0xFF at the
/// start of a name marks a free entry. Plausible: its checksums are 0 in practice.
package enum RedBootFIS: ContentFormat {
    package static let name = "RedBoot directory"
    package static let signatures = [Signature("RedBoot\0"), Signature("FIS directory\0"), Signature(".FisValid\0")]
    package static let alignment = 256
    package static let repeats = true
    private static let entrySize = 256
    private static let mostEntries = 256

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        guard let isBigEndian = try order(&content) else { return nil }
        var partitions: [FoundPartition] = []
        var entries = 0
        while entries < mostEntries, (entries + 1) * entrySize <= content.size {
            let place = entries * entrySize
            if try content.big(place, 1) == 0xFF { break }
            guard let name = try content.text(at: place, count: 16), !name.isEmpty else { break }
            func number(_ offset: Int) throws -> Int { try content.number(place + offset, isBigEndian: isBigEndian) }
            if name != ".FisValid" {
                let (base, size, data) = (try number(16), try number(24), try number(32))
                guard size > 0, size <= 1 << 30, data <= size else { break }
                partitions.append(FoundPartition(name: name, offset: base, size: size))
            }
            entries += 1
        }
        guard partitions.count >= 2 else { return nil }
        return Finding(
            name, at: content.start, size: entries * entrySize, grade: .plausible,
            facts: [
                Fact("byte order", .text(isBigEndian ? "big-endian" : "little-endian")),
                Fact("partitions", .texts(partitions.map(\.text))),
            ], notes: ["addresses are those at which the processor has the flash"],
            table: FoundTable(.addresses, partitions))
    }

    /// The order in which the sizes of the first entries make sense; nil for none.
    private static func order(_ content: inout ContentBytes) throws -> Bool? {
        let place = try content.has(".FisValid", at: 0) ? entrySize : 0
        for isBigEndian in [true, false] {
            let size = try content.number(place + 24, isBigEndian: isBigEndian)
            let base = try content.number(place + 16, isBigEndian: isBigEndian)
            if (0x100...1 << 28).contains(size), size % 0x100 == 0, base % 0x100 == 0 { return isBigEndian }
        }
        return nil
    }
}

/// RedBoot's configuration (eCos `redboot/fconfig.c`): length, key 0x0BADFACE, items, key 0xDEADDEAD, CRC-32 from 0 without
/// inversions, in the processor's byte order. Proven by the CRC.
package enum RedBootConfig: ContentFormat {
    package static let name = "RedBoot configuration"
    package static let signatures = [
        Signature([0x0B, 0xAD, 0xFA, 0xCE], at: 4), Signature([0xCE, 0xFA, 0xAD, 0x0B], at: 4),
    ]
    package static let alignment = 4

    package static func examine(_ content: inout ContentBytes) throws -> Finding? {
        let isBigEndian = try content.big(4, 1) == 0x0B
        let length = try content.number(0, isBigEndian: isBigEndian)
        guard (32...65536).contains(length), length <= content.size else { return nil }
        let bytes = try content.bytes(at: 0, count: length)
        func number(_ offset: Int) -> Int { isBigEndian ? bytes.big(offset) : bytes.little(offset) }
        guard number(length - 8) == 0xDEAD_DEAD else { return nil }
        return .checked(
            name, at: content.start, size: length,
            holds: Int(VendorChecksums.zero(bytes.prefix(length - 4))) == number(length - 4), facts: items(bytes),
            changed: "its checksum does not hold", isOpaque: true)
    }

    /// The texts and scripts among the items; addresses as numbers of four parts.
    private static func items(_ bytes: ArraySlice<UInt8>) -> [Fact?] {
        var rest = bytes.dropFirst(8).dropLast(8)
        var facts: [Fact?] = []
        while rest.count >= 4, facts.count < 64, rest.byte(0) != 0 {
            let (type, keyCount, enableCount) = (rest.byte(0), Int(rest.byte(1)), Int(rest.byte(3)))
            rest = rest.dropFirst(4)
            let key = rest.prefix(keyCount).prefix { $0 != 0 }
            rest = rest.dropFirst(keyCount + enableCount)
            guard !key.isEmpty, key.isPrintable, let count = sizes[type] else { break }
            let value = rest.prefix(count)
            rest = rest.dropFirst(count)
            let name = String(decoding: key, as: UTF8.self)
            switch type {
            case 3, 4, 7: facts.append(.text(name, NameText.text(value.prefix { $0 != 0 }).trimmingControls))
            case 5: facts.append(.text(name, value.map(String.init).joined(separator: ".")))
            case 6: facts.append(.text(name, MACText.text(value.prefix(6))))
            default: break
            }
        }
        return facts
    }

    /// The sizes of values by type; booleans and integers have 4 bytes.
    private static let sizes: [UInt8: Int] = [1: 4, 2: 4, 3: 128, 4: 512, 5: 4, 6: 8, 7: 128]
}
