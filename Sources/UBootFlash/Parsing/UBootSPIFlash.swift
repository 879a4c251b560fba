package import FlashAccess

/// A serial NOR chip, as printed by `sf probe` (`cmd/sf.c`, `drivers/mtd/spi/`).
package struct UBootSPIFlash: Sendable, Hashable {
    /// The chip's name in U-Boot's table: `w25q128`.
    package var name: String
    /// The size in bytes; nil if neither the line nor the chip's id tells it.
    package var size: Int?
    /// False if U-Boot rounded the size to a tenth.
    package var isSizeExact: Bool
    /// The bytes per write; nil if not printed (2009 to 2010).
    package var pageSize: Int?
    /// The bytes per erase; nil if not printed (before 2013.10).
    package var eraseSize: Int?
    /// `Only lower 16MiB accessible` (2013.07 to 2018.07, without CONFIG_SPI_FLASH_BAR): the rest is unreachable, and
    /// reading there returns bytes of the lower part.
    package var isCutAt16MiB: Bool
    /// The chip's id, if it is printed.
    package var id: SPINORID?

    /// A line that names a chip.
    private struct Found {
        var name: String
        var size: UBootSize?
        var page: Int?
        var erase: Int?
    }

    /// Parses the output of `sf probe`; nil if no chip was found.
    package init?(_ reply: UBootReply) { self.init(reply, isProbe: true) }

    /// - Parameter isProbe: whether it is such an output, rather than a start log, in which a chip may be named that
    ///   `sf` does not know.
    init?(_ reply: UBootReply, isProbe: Bool) {
        isCutAt16MiB = false
        var found: Found?
        for line in reply.lines.prefix(2_000) {
            let text = line.trimmed
            if text.contains("Only lower 16MiB accessible") {
                isCutAt16MiB = true
            } else if text.hasPrefix("Failed to initialize SPI flash") {
                return nil
            } else if let id = Self.detectedID(text) {
                self.id = id
            } else if let chip = Self.detected(text) ?? Self.current(text) ?? Self.bracketed(text) {
                found = chip
            }
        }
        // HiSilicon's driver names the chip at its first probe: mostly at the start, but here if nothing needed it then.
        let line = isProbe ? UBootStartLog.chips(reply).last { $0.kind == .spiNOR } : nil
        if found == nil { found = line.map { Found(name: $0.name, size: $0.size.map(UBootSize.exact)) } }
        guard let found, found.size?.bytes != 0 else { return nil }
        if id == nil, let bytes = line?.id { id = SPINORID(bytes) }
        name = found.name
        size = found.size?.bytes ?? id?.size
        isSizeExact = found.size?.isExact != false
        pageSize = found.page
        eraseSize = found.erase ?? line?.eraseSize
        // Until 2013.07 the erase size is called the page size (`drivers/mtd/spi/spi_flash.c`).
        if found.erase == nil, let page = found.page, page >= 4_096 {
            eraseSize = page
            pageSize = nil
        }
    }

    /// `SF: Detected w25q128 with page size 256 Bytes, erase size 4 KiB, total 16 MiB[, mapped at …]`; SigmaStar's `SF:
    /// Detected nor0 with total size 8 MiB`; Ingenic's `SF: Detected XM25QH64C`, without a size.
    private static func detected(_ line: ByteText) -> Found? {
        guard let rest = line.dropping("SF: Detected ") else { return nil }
        guard let name = rest.before(" with ") else {
            let words = rest.words
            return words.count == 1 ? words.first.map { Found(name: $0.string(limit: 64)) } : nil
        }
        guard let size = value("total size ", in: rest) ?? value("total ", in: rest) else { return nil }
        return Found(
            name: name.string(limit: 64), size: size, page: value("page size ", in: rest)?.bytes,
            erase: value("erase size ", in: rest)?.bytes)
    }

    /// `8192 KiB hi_sfc at 0:0 is now current device`.
    private static func current(_ line: ByteText) -> Found? {
        guard let head = line.before(" is now current device"), var rest = head.before(" at ") else { return nil }
        guard let size = UBootSize.take(&rest) else { return nil }
        return Found(name: rest.trimmed.string(limit: 64), size: size)
    }

    /// Goke's `SF:    8 MiB [page:256 Bytes] [sector:64 KiB] [count:128] (W25Q64FV)`.
    private static func bracketed(_ line: ByteText) -> Found? {
        guard var rest = line.dropping("SF:")?.trimmed, let size = UBootSize.take(&rest), rest.contains("[sector:")
        else { return nil }
        return Found(
            name: rest.after("(")?.before(")")?.string(limit: 64) ?? "", size: size,
            page: value("[page:", in: rest)?.bytes, erase: value("[sector:", in: rest)?.bytes)
    }

    /// SigmaStar's `Flash is detected (0x0707, 0xEF, 0x40, 0x17)`: the id is behind a number of the driver's own.
    private static func detectedID(_ line: ByteText) -> SPINORID? {
        guard let rest = line.dropping("Flash is detected (")?.before(")") else { return nil }
        let numbers = rest.split(0x2C, most: 8).map { $0.trimmed.dropping("0x")?.hexadecimal }
        return SPINORID(numbers.suffix(3).compactMap { $0.flatMap(UInt8.init(exactly:)) })
    }

    private static func value(_ label: String, in line: ByteText) -> UBootSize? {
        guard var rest = line.after(label) else { return nil }
        return UBootSize.take(&rest)
    }
}
