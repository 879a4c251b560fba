import FlashAccess

/// The banks of parallel flash, as printed by `flinfo` (`cmd/flash.c`, `drivers/mtd/cfi_flash.c`).
package struct UBootFlashInfo: Sendable, Hashable {
    /// A sector: the unit of `erase`.
    package struct Sector: Sendable, Hashable {
        /// Its first address in the board's address space.
        package var start: UInt64
        /// `RO`: protected, by U-Boot or by the chip.
        package var isReadOnly: Bool
        /// `E`: all its bytes are 0xFF. Printed only by builds with CONFIG_SYS_FLASH_EMPTY_INFO.
        package var isErased: Bool
    }

    /// A bank of memory-mapped flash.
    package struct Bank: Sendable, Hashable {
        /// The number as printed, from 1.
        package var number: Int
        /// `CFI conformant flash (16 x 16)`, or the chip's name.
        package var name: String
        /// The size in bytes.
        package var size: Int
        /// The announced number of sectors.
        package var sectorCount: Int
        /// The printed sectors; ``isComplete`` says whether that is all of them.
        package var sectors: [Sector]
        /// The size of the chips' write buffer in bytes (`Buffer write timeout: 3 ms, buffer size: 2048 bytes`); nil if
        /// it is not printed.
        package var writeBufferSize: Int?

        /// Its first address in the board's address space; nil if no sector was printed.
        package var start: UInt64? { sectors.first?.start }

        /// Whether all sectors are present, ascending, and within the bank's size.
        package var isComplete: Bool {
            guard let start, sectors.count == sectorCount, sectors.count > 0 else { return false }
            guard let bytes = UInt64(exactly: size), let last = sectors.last, last.start >= start else { return false }
            return last.start - start < bytes && zip(sectors, sectors.dropFirst()).allSatisfy { $0.start < $1.start }
        }

        /// The size of each sector in bytes; nil if the list is incomplete.
        package var sectorSizes: [Int]? {
            guard isComplete, let start else { return nil }
            let offsets = sectors.map { Int(clamping: $0.start - start) }
            return zip(offsets, offsets.dropFirst() + [size]).map { $1 - $0 }
        }

        /// Its range in the board's address space.
        package var range: Range<UInt64>? {
            guard let start, let bytes = UInt64(exactly: size) else { return nil }
            let (end, overflow) = start.addingReportingOverflow(bytes)
            return overflow ? nil : start..<end
        }
    }

    /// The banks as printed; each number is unique.
    package var banks: [Bank]
    /// The numbers of banks that U-Boot is configured for but that have no known chip: `missing or unknown FLASH type`.
    package var missing: [Int]
    /// The numbers of banks with output that was not understood.
    package var misunderstood: [Int] = []

    /// Parses the output of `flinfo`; nil if it mentions no bank.
    package init?(_ reply: UBootReply) {
        banks = []
        missing = []
        var number: Int?
        var name = ""
        var announced: [Int] = []
        for line in reply.lines {
            let text = line.trimmed
            if let rest = text.dropping("Bank # ") {
                var rest = rest
                guard let value = rest.takeDecimal(), value <= 64, rest.take(":") else {
                    number = nil
                    continue
                }
                if announced.count < 64, !announced.contains(value) { announced.append(value) }
                if rest.contains("missing or unknown") {
                    if !missing.contains(value) { missing.append(value) }
                    number = nil
                    continue
                }
                number = banks.contains { $0.number == value } ? nil : value
                name = (rest.before("Size:") ?? rest).trimmed.string(limit: 80)
            }
            guard let bank = number else { continue }
            if let size = text.after("Size:") {
                guard let new = Self.bank(size, number: bank, name: name) else { continue }
                if let last = banks.last, last.number == bank { continue }
                banks.append(new)
            } else if let rest = text.after("buffer size:") {
                if let last = banks.indices.last, banks[last].number == bank {
                    banks[last].writeBufferSize = rest.words.first?.decimal.flatMap {
                        (16...65_536).contains($0) && $0 % 16 == 0 ? $0 : nil
                    }
                }
            } else if let last = banks.indices.last, banks[last].number == bank, let sectors = Self.sectors(text) {
                if banks[last].sectors.count < 65_536 { banks[last].sectors += sectors }
            }
        }
        misunderstood = announced.filter { number in
            !missing.contains(number) && !banks.contains { $0.number == number }
        }
        if banks.isEmpty, missing.isEmpty, misunderstood.isEmpty { return nil }
    }

    /// Parses ` 4 MB in 64 Sectors`.
    private static func bank(_ text: ByteText, number: Int, name: String) -> Bank? {
        var rest = text
        rest.takeBlanks()
        guard let size = UBootSize.take(&rest), size.bytes > 0, size.isExact else { return nil }
        rest.takeBlanks()
        guard rest.take("in ") else { return nil }
        rest.takeBlanks()
        guard let count = rest.takeDecimal(), count > 0, count <= 65_536 else { return nil }
        return Bank(number: number, name: name, size: size.bytes, sectorCount: count, sectors: [])
    }

    /// Parses `BE000000   RO   BE010000 E RO …`; nil if any word is something else.
    private static func sectors(_ line: ByteText) -> [Sector]? {
        var result: [Sector] = []
        for word in line.words {
            if word.isHexadecimal(digits: 8) || word.isHexadecimal(digits: 16), let start = word.address {
                result.append(Sector(start: start, isReadOnly: false, isErased: false))
            } else if let last = result.indices.last {
                switch word.string(limit: 8) {
                case "RO", "(RO)": result[last].isReadOnly = true
                case "E": result[last].isErased = true
                default: return nil
                }
            } else {
                return nil
            }
        }
        return result.isEmpty ? nil : result
    }
}
