import FlashAccess

/// The banks of parallel flash, by what `flinfo` prints (`cmd/flash.c`, `drivers/mtd/cfi_flash.c`).
package struct UBootFlashInfo: Sendable, Hashable {
    /// A sector: what `erase` erases at once.
    package struct Sector: Sendable, Hashable {
        /// Where it begins in the board's address space.
        package var start: UInt64
        /// `RO`: U-Boot protects it, in software or in the chip.
        package var isReadOnly: Bool
        /// `E`: all its bytes are 0xFF. Only builds with CONFIG_SYS_FLASH_EMPTY_INFO say so.
        package var isErased: Bool
    }

    /// A bank of flash, memory-mapped.
    package struct Bank: Sendable, Hashable {
        /// As printed, from 1.
        package var number: Int
        /// `CFI conformant flash (16 x 16)`, or the chip's name.
        package var name: String
        /// Bytes.
        package var size: Int
        /// How many sectors it says that there are.
        package var sectorCount: Int
        /// As many as were printed; whether they are all, ``isComplete`` tells.
        package var sectors: [Sector]
        /// Bytes that the chips take at once (`Buffer write timeout: 3 ms, buffer size: 2048 bytes`); nil where it is not told.
        package var writeBufferSize: Int?

        /// Where it begins in the board's address space; nil where no sector was printed.
        package var start: UInt64? { sectors.first?.start }

        /// Whether all sectors are there, ascending, and within the bank's size.
        package var isComplete: Bool {
            guard let start, sectors.count == sectorCount, sectors.count > 0 else { return false }
            guard let bytes = UInt64(exactly: size), let last = sectors.last, last.start >= start else { return false }
            return last.start - start < bytes && zip(sectors, sectors.dropFirst()).allSatisfy { $0.start < $1.start }
        }

        /// Bytes of each sector; nil where the list is not complete.
        package var sectorSizes: [Int]? {
            guard isComplete, let start else { return nil }
            let offsets = sectors.map { Int(clamping: $0.start - start) }
            return zip(offsets, offsets.dropFirst() + [size]).map { $1 - $0 }
        }

        /// The bank's place in the board's address space.
        package var range: Range<UInt64>? {
            guard let start, let bytes = UInt64(exactly: size) else { return nil }
            let (end, overflow) = start.addingReportingOverflow(bytes)
            return overflow ? nil : start..<end
        }
    }

    /// As printed, each number once.
    package var banks: [Bank]
    /// Numbers of banks that U-Boot was made for but found nothing in: `missing or unknown FLASH type`.
    package var missing: [Int]
    /// Numbers of banks of which it said something else, which was not understood.
    package var misunderstood: [Int] = []

    /// Parses what `flinfo` printed; nil where it speaks of no bank.
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

    /// ` 4 MB in 64 Sectors`.
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

    /// `BE000000   RO   BE010000 E RO …`; nil where a word is none of these.
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
