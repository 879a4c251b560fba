import FlashAccess
import FlashModel

/// What a user knows of a board's memory and its bootloader does not tell: `--flash` and `--ram`.
enum FlashArgument {
    /// `TYPE:START+SIZE[/ERASEBLOCK]`, such as `nor:0x9f000000+4M/64K`, `spi:0+16M`, `nand:0+128M/128K`.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `usage`.
    static func flash(_ text: String) throws -> GivenFlash {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = GivenFlash.Kind(rawValue: parts[0].lowercased()) else {
            let kinds = GivenFlash.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw invalid("--flash", text, "It does not begin with a type of flash (\(kinds)) and a colon.", flashForm)
        }
        let ends = parts[1].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let (start, size) = try range(ends[0], "--flash", text, flashForm)
        var eraseBlock: Int?
        if ends.count == 2 {
            guard let bytes = number(ends[1]), bytes > 0, bytes <= 1 << 26, size % bytes == 0 else {
                throw invalid(
                    "--flash", text,
                    "\"\(PrintableText.escaped(String(ends[1]), limit: 40))\" is not an erase block size that divides "
                        + "\(ByteCount.text(Int(clamping: size))).", flashForm)
            }
            eraseBlock = Int(bytes)
        }
        guard kind == .nor || start == 0 else {
            throw invalid(
                "--flash", text, "Only memory-mapped flash (nor) has an address; others start at 0.", flashForm)
        }
        guard size <= 1 << 36 else { throw invalid("--flash", text, "No flash is that large.", flashForm) }
        return GivenFlash(kind: kind, start: start, size: Int(size), eraseBlockSize: eraseBlock)
    }

    /// `START+SIZE`, such as `0x82000000+16M`.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `usage`.
    static func memory(_ text: String) throws -> Range<UInt64> {
        let (start, size) = try range(text[...], "--ram", text, memoryForm)
        guard size >= 1 << 12 else { throw invalid("--ram", text, "At least 4 KiB are needed.", memoryForm) }
        return start..<start + size
    }

    private static let flashForm = "Give TYPE:START+SIZE[/ERASEBLOCK], such as --flash nor:0x9f000000+4M/64K."
    private static let memoryForm = "Give START+SIZE, such as --ram 0x82000000+16M."

    private static func range(
        _ text: Substring, _ option: String, _ whole: String, _ form: String
    ) throws -> (start: UInt64, size: UInt64) {
        let parts = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw invalid(option, whole, "It does not have a start and a size, joined by a plus sign.", form)
        }
        guard let start = number(parts[0]), let size = number(parts[1]), size > 0 else {
            throw invalid(
                option, whole, "Its start and size must be numbers of bytes, such as 4194304, 0x400000 or 4M.", form)
        }
        guard !start.addingReportingOverflow(size).overflow else {
            throw invalid(option, whole, "It ends beyond the end of the address space.", form)
        }
        return (start, size)
    }

    /// `0x9f000000`, `4194304`, `64K`, `4M`, `1G`, with or without `iB`.
    private static func number(_ text: Substring) -> UInt64? {
        let lower = text.lowercased()
        if lower.hasPrefix("0x") { return UInt64(lower.dropFirst(2), radix: 16) }
        let digits = lower.prefix { $0.isASCII && $0.isNumber }
        guard let value = UInt64(digits) else { return nil }
        let shift: UInt64? =
            switch lower.dropFirst(digits.count) {
            case "": 0
            case "k", "kb", "kib": 10
            case "m", "mb", "mib": 20
            case "g", "gb", "gib": 30
            default: nil
            }
        guard let shift else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: 1 << shift)
        return overflow ? nil : product
    }

    private static func invalid(_ option: String, _ text: String, _ why: String, _ form: String) -> FlashkeepError {
        FlashkeepError(
            .usage, what: "\(option) \(PrintableText.escaped(text)) is invalid.", why: why, next: form)
    }
}
