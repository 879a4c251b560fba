import FlashAccess

/// A serial NOR chip, as printed by `sf probe` (`cmd/sf.c`, `drivers/mtd/spi/`).
package struct UBootSPIFlash: Sendable, Hashable {
    /// The chip's name in U-Boot's table: `w25q128`.
    package var name: String
    /// The size in bytes.
    package var size: Int
    /// False if U-Boot rounded the size to a tenth.
    package var isSizeExact: Bool
    /// The bytes per write; nil if not printed (2009 to 2010).
    package var pageSize: Int?
    /// The bytes per erase; nil if not printed (before 2013.10).
    package var eraseSize: Int?
    /// `Only lower 16MiB accessible` (2013.07 to 2018.07, without CONFIG_SPI_FLASH_BAR): the rest is unreachable, and
    /// reading there returns bytes of the lower part.
    package var isCutAt16MiB: Bool

    /// Parses the output of `sf probe`; nil if no chip was found.
    package init?(_ reply: UBootReply) {
        isCutAt16MiB = false
        var found: (name: String, size: UBootSize, page: Int?, erase: Int?)?
        for line in reply.lines.prefix(200) {
            let text = line.trimmed
            if text.contains("Only lower 16MiB accessible") {
                isCutAt16MiB = true
            } else if text.hasPrefix("Failed to initialize SPI flash") {
                return nil
            } else if let chip = Self.detected(text) ?? Self.current(text) {
                found = chip
            }
        }
        guard let found, found.size.bytes > 0 else { return nil }
        name = found.name
        size = found.size.bytes
        isSizeExact = found.size.isExact
        pageSize = found.page
        eraseSize = found.erase
    }

    /// Parses `SF: Detected w25q128 with page size 256 Bytes, erase size 4 KiB, total 16 MiB[, mapped at …]`.
    private static func detected(_ line: ByteText) -> (String, UBootSize, Int?, Int?)? {
        guard let rest = line.dropping("SF: Detected "), let name = rest.before(" with "),
            let size = value("total ", in: rest)
        else { return nil }
        return (
            name.string(limit: 64), size, value("page size ", in: rest)?.bytes, value("erase size ", in: rest)?.bytes
        )
    }

    /// Parses `8192 KiB hi_sfc at 0:0 is now current device`.
    private static func current(_ line: ByteText) -> (String, UBootSize, Int?, Int?)? {
        guard let head = line.before(" is now current device"), var rest = head.before(" at ") else { return nil }
        guard let size = UBootSize.take(&rest) else { return nil }
        return (rest.trimmed.string(limit: 64), size, nil, nil)
    }

    private static func value(_ label: String, in line: ByteText) -> UBootSize? {
        guard var rest = line.after(label) else { return nil }
        return UBootSize.take(&rest)
    }
}
