import FlashAccess

/// What U-Boot and its first stages print before the prompt, as far as it speaks of memory and flash
/// (`common/board_r.c`, `common/board_f.c`; vendors' drivers).
package struct UBootStartLog: Sendable, Hashable {
    /// A chip that a vendor's driver names.
    package struct ChipLine: Sendable, Hashable {
        package enum Kind: Sendable, Hashable { case spiNOR, nand, spiNAND }

        package var kind: Kind
        /// As printed; empty if only an id was.
        package var name: String
        /// Bytes; nil if neither the line nor the id tells.
        package var size: Int?
        /// Bytes of an erase block.
        package var eraseSize: Int?
        /// Bytes of a page.
        package var pageSize: Int?
        /// Spare bytes per page.
        package var oobSize: Int?
        /// The id, as printed.
        package var id: [UInt8]
        /// The bytes that the id tells, if the line tells others as well.
        package var sizeByID: Int?
    }

    /// Bytes of RAM: `DRAM:  64 MiB`.
    package var memory: Int?
    /// Bytes of all NAND devices together: `NAND:  128 MiB`; 0 if there is none.
    package var nand: Int?
    /// Bytes of parallel flash, all banks: `Flash: 16 MiB`.
    package var parallel: Int?
    /// Chips by the words of vendors' drivers.
    package var chips: [ChipLine] = []
    /// `SF: Detected …`.
    package var spi: UBootSPIFlash?

    /// Parses what came before the prompt; nil if none of it is known.
    package init?(_ log: UBootReply) {
        var isInNAND = false
        for line in log.lines.prefix(2_000) {
            let text = line.trimmed
            if let size = Self.size(after: ["DRAM:"], text) {
                memory = memory ?? size
            } else if let rest = text.dropping("NAND:") {
                // The size may come lines later, behind the driver's own words.
                isInNAND = true
                note(nandSize: rest.trimmed, &isInNAND)
            } else if let size = Self.size(after: ["Flash:", "FLASH:"], text) {
                parallel = parallel ?? size
            } else if isInNAND {
                if ["In:", "Out:", "MMC:", "Net:", "Loading"].contains(where: text.hasPrefix) { isInNAND = false }
                note(nandSize: text, &isInNAND)
            }
            vendorLine(Self.withoutFunction(text))
        }
        spi = UBootSPIFlash(log, isProbe: false)
        if memory == nil, nand == nil, parallel == nil, chips.isEmpty, spi == nil { return nil }
    }

    private mutating func note(nandSize text: ByteText, _ isInNAND: inout Bool) {
        // Huawei's first stage: `NAND:  Nand(Hardware): 128 MiB`.
        var rest = text.dropping("Nand(")?.after("): ") ?? text
        guard nand == nil, let size = UBootSize.take(&rest), rest.trimmed.isEmpty, size.isExact else { return }
        nand = size.bytes
        isInNAND = false
    }

    private static func size(after labels: [String], _ text: ByteText) -> Int? {
        guard var rest = labels.lazy.compactMap({ text.dropping($0)?.trimmed }).first,
            let size = UBootSize.take(&rest), size.bytes > 0
        else { return nil }
        return size.bytes
    }

    // MARK: Vendors' drivers

    /// The chips that a vendor's driver names in a reply.
    static func chips(_ reply: UBootReply) -> [ChipLine] {
        var log = UBootStartLog()
        for line in reply.lines.prefix(2_000) { log.vendorLine(withoutFunction(line.trimmed)) }
        return log.chips
    }

    private init() {}

    private mutating func vendorLine(_ text: ByteText) {
        if let id = Self.hisiliconID(text, "SPI Nor(cs") {
            add(ChipLine(kind: .spiNOR, name: "", size: SPINORID(id)?.size, id: id))
        } else if let id = Self.hisiliconID(text, "SPI Nand(cs") {
            add(ChipLine(kind: .spiNAND, name: "", size: Self.serialNANDSize(id), id: id))
        } else if let id = Self.hisiliconID(text, "Nand ID") ?? Self.mediaTekID(text) {
            add(ChipLine(kind: .nand, name: "", size: Self.parallelNANDSize(id), id: id))
        } else if text.hasPrefix("Block:") || text.hasPrefix("Nand(") && text.contains("Block:"),
            let last = chips.indices.last
        {
            // `Block:64KB Chip:16MB Name:"GD25Q128"`, the line behind the id; of NAND `Nand(Auto): Block:128KB Page:2KB
            // OOB:64B ECC:4bit/512 Chip:128MB*1`.
            describe(&chips[last], text)
        } else if let rest = text.dropping("SPI Nor total size: "), let size = Self.size(rest) {
            if let last = chips.lastIndex(where: { $0.kind == .spiNOR }) {
                chips[last].size = chips[last].size ?? size
            } else {
                add(ChipLine(kind: .spiNOR, name: "", size: size, id: []))
            }
        }
    }

    private mutating func add(_ chip: ChipLine) {
        if chips.count < 8 { chips.append(chip) }
    }

    /// A line without the name of the function that prints it, which some builds add:
    /// `hifmc_spi_nor_probe(1689): SPI Nor(cs 0) ID: 0xc2 0x20 0x18`.
    private static func withoutFunction(_ text: ByteText) -> ByteText {
        guard let name = text.before("("), !name.isEmpty,
            name.bytes.allSatisfy({ $0 == 0x5F || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }),
            let number = text.after("(")?.before("): "), number.decimal != nil, let rest = text.after("): ")
        else { return text }
        return rest.trimmed
    }

    private func describe(_ chip: inout ChipLine, _ text: ByteText) {
        for word in text.words {
            if let rest = word.dropping("Block:") { chip.eraseSize = Self.size(rest) }
            if let rest = word.dropping("Page:") { chip.pageSize = Self.size(rest) }
            // `Chip:128MB*1`: so many dies.
            if let rest = word.dropping("Chip:") {
                let parts = rest.split(0x2A, most: 1)
                let dies = parts.count > 1 ? parts[1].decimal : 1
                if let dies, (1...8).contains(dies), let size = parts.first.flatMap(Self.size) {
                    // XM's tables have `Chip:128MB` for chips of 128 Mbit.
                    if chip.size != size * dies { chip.sizeByID = chip.size }
                    chip.size = size * dies
                }
            }
            if let rest = word.dropping("OOB:") { chip.oobSize = Self.size(rest) }
            if let rest = word.dropping("Name:") { chip.name = (rest.quoted ?? rest).string(limit: 64) }
        }
    }

    /// `16MB`, `64KB`, `2KB`, `64B`: powers of two in these drivers, whatever the letters say.
    private static func size(_ text: ByteText) -> Int? {
        var rest = text.trimmed
        guard let value = rest.takeDecimal() else { return nil }
        let unit = rest.trimmed.lowercased.string(limit: 8)
        let shift: Int? = ["b": 0, "byte": 0, "kb": 10, "kib": 10, "mb": 20, "mib": 20, "gb": 30, "gib": 30][unit]
        guard let shift, value > 0, value <= 1 << 16 else { return nil }
        return value << shift
    }

    /// `SPI Nor(cs 0) ID: 0xc8 0x40 0x18`.
    private static func hisiliconID(_ text: ByteText, _ label: String) -> [UInt8]? {
        guard text.hasPrefix(label), let rest = text.after("ID:") else { return nil }
        let bytes = rest.words.prefix(8).prefix { $0.hasPrefix("0x") }
            .compactMap { $0.dropping("0x")?.hexadecimal.flatMap(UInt8.init(exactly:)) }
        return bytes.isEmpty ? nil : bytes
    }

    /// `maf_id : 0x00000098, dev_id : 0x000000a1`.
    private static func mediaTekID(_ text: ByteText) -> [UInt8]? {
        guard let maker = text.dropping("maf_id : 0x")?.before(",")?.hexadecimal.flatMap(UInt8.init(exactly:)),
            let device = text.after("dev_id : 0x")?.words.first?.hexadecimal.flatMap(UInt8.init(exactly:))
        else { return nil }
        return [maker, device]
    }

    private static func parallelNANDSize(_ id: [UInt8]) -> Int? {
        id.count >= 2 ? NANDID(manufacturer: id[0], device: id[1]).parallelSize : nil
    }

    private static func serialNANDSize(_ id: [UInt8]) -> Int? {
        if id.count >= 3, id[0] == 0xEF { return NANDID.winbondSize(third: id[2]) }
        return id.count >= 2 ? NANDID(manufacturer: id[0], device: id[1]).serialSize : nil
    }
}
