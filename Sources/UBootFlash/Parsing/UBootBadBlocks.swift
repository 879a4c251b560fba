import FlashAccess

/// The bad blocks of a NAND device, by what `nand bad` (`cmd/nand.c`) or `mtd bad NAME` (`cmd/mtd.c`) prints.
///
/// `Device 0 bad blocks:` or `MTD device nand0 bad blocks list:`, then an offset a line: `  00040000` (until 2022),
/// `  0x00004000`, and since 2023.07 `\t (bbt reserved)` behind the blocks that hold the bad-block table.
package struct UBootBadBlocks: Sendable, Hashable {
    /// Number of the device (`nand bad`); nil where a name was printed.
    package var device: Int?
    /// Name of the device (`mtd bad`).
    package var name: String?
    /// Bytes from the start of the device, ascending, each once.
    package var offsets: [Int]
    /// Those of them that hold the bad-block table.
    package var reserved: [Int]
    /// Whether every line was understood: only then are the lists known to be all.
    package var isComplete: Bool

    /// Parses the reply; nil where it is none.
    package init?(_ reply: UBootReply) {
        let lines = reply.lines
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
