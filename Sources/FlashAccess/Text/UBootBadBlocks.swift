/// The bad blocks of a NAND device, as printed by `nand bad` (`cmd/nand.c`) or `mtd bad NAME` (`cmd/mtd.c`).
///
/// The output is `Device 0 bad blocks:` or `MTD device nand0 bad blocks list:`, then one offset per line: `  00040000`
/// (until 2022) or `  0x00004000`. Since 2023.07, `\t (bbt reserved)` follows blocks that hold the bad-block table.
package struct UBootBadBlocks: Sendable, Hashable {
    /// The number of the device (`nand bad`); nil if a name was printed.
    package var device: Int?
    /// The name of the device (`mtd bad`).
    package var name: String?
    /// The offsets in bytes from the start of the device, ascending and unique.
    package var offsets: [Int]
    /// Those that hold the bad-block table.
    package var reserved: [Int]
    /// Whether every line was understood, so that the lists are known to be complete.
    package var isComplete: Bool

    /// Parses the reply; nil if it is not such a list.
    package init?(_ lines: [ByteText]) {
        guard let start = lines.firstIndex(where: { $0.contains("bad blocks") && !$0.contains("show") }) else {
            return nil
        }
        let head = lines[start].trimmed
        if var rest = head.dropping("Device "), let number = rest.takeDecimal(), rest.trimmed.hasPrefix("bad blocks") {
            device = number
        } else if let rest = head.dropping("MTD device "), let text = rest.before(" bad blocks") {
            name = text.string(limit: 80)
        } else {
            return nil
        }
        isComplete = true
        var found: Set<Int> = []
        var table: Set<Int> = []
        for line in lines[start...].dropFirst() {
            let text = line.trimmed
            guard let word = text.words.first else { continue }
            guard found.count < 100_000, line.bytes.first.map(ByteText.isBlank) == true, let offset = word.hexadecimal,
                text.words.count == 1 || text.contains("(bbt reserved)")
            else {
                isComplete = false
                continue
            }
            found.insert(offset)
            if text.words.count > 1 { table.insert(offset) }
        }
        offsets = found.sorted()
        reserved = table.sorted()
    }
}
