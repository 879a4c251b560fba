package import FlashAccess
import FlashModel

/// What a CFE prints when it starts (logs of owners; `bcm63xx_ram/src/bcm63xx_main.c`, cfe_say_hello).
package struct CFEStartLog: Sendable, Hashable {
    /// `1.0.37-106.14`, `v1.0.36`.
    package private(set) var version: String?
    /// `BCM63168D0`.
    package private(set) var processor: String?
    /// The board's id or the name in the banner.
    package private(set) var board: String?
    /// Where the processor begins, and where parallel and serial NOR is mapped: `Boot Address: 0xb8000000`.
    package private(set) var bootAddress: UInt64?
    /// NOR in bytes: `Total Flash size: 4096K with 71 sectors`, `Found an ST compatible serial flash with 128 64KB blocks`.
    package private(set) var norSize: Int?
    /// The bytes of an erase block of NOR; nil if they differ, or are unknown.
    package private(set) var norBlockSize: Int?
    /// `NAND flash device: Micron MT29F1G08AAC, id 0x2cf1 block 128KB size 131072KB`.
    package private(set) var nand: NAND?

    package struct NAND: Sendable, Hashable {
        /// The manufacturer and type; nil if CFE does not know it.
        package var name: String?
        /// `2cf1`; nil if it was not printed.
        package var id: String?
        /// In bytes.
        package var blockSize: Int
        /// In bytes.
        package var size: Int
    }

    package init(_ log: ConsoleReply) {
        for line in log.lines.prefix(400).map(\.trimmed) {
            takeIdentity(line)
            takeFlash(line)
        }
    }

    private mutating func takeIdentity(_ line: ByteText) {
        if let rest = line.dropping("CFE version ") {
            version = rest.words.first?.string(limit: 40)
            if board == nil { board = rest.after(" for ")?.words.first?.string(limit: 40) }
        } else if let rest = line.dropping("CFE for ") {
            board = rest.before(" version: ")?.string(limit: 40)
            version = rest.after(" version: ")?.words.first?.string(limit: 40)
        } else if let rest = line.dropping("Chip ID: ") {
            processor = rest.before(",")?.string(limit: 40)
        } else if line.hasPrefix("Board Id ") {
            if let id = line.after(" : ")?.trimmed, !id.isEmpty { board = id.string(limit: 40) }
        } else if let rest = line.dropping("Boot Address: ") {
            bootAddress = rest.words.first?.address
        }
    }

    private mutating func takeFlash(_ line: ByteText) {
        if var rest = line.dropping("Total Flash size: "), let size = rest.takeDecimal(), rest.take("K with "),
            let sectors = rest.takeDecimal()
        {
            setNOR(size: size, sectors: sectors)
        } else if var rest = line.after("compatible serial flash with "), let sectors = rest.takeDecimal(),
            rest.take(" "),
            let size = rest.takeDecimal(), rest.take("KB blocks"), let whole = size.times(sectors)
        {
            setNOR(size: whole, sectors: sectors)
        } else if let rest = line.dropping("NAND flash device: "), let block = Self.kibibytes(rest, " block "),
            let size = Self.kibibytes(rest, " size "), block > 0, size % block == 0
        {
            let id = rest.after("id 0x")?.words.first?.string(limit: 16)
            let name = rest.before(", id ")?.trimmed
            nand = NAND(
                name: name.flatMap { $0.isEmpty ? nil : $0.string(limit: 60) }, id: id, blockSize: block, size: size)
        }
    }

    private mutating func setNOR(size: Int, sectors: Int) {
        guard size > 0, size <= 1 << 20, sectors > 0 else { return }
        norSize = size << 10
        let block = (size << 10) / sectors
        // Chips with boot sectors have blocks of several sizes.
        norBlockSize = (size << 10) % sectors == 0 && block.nonzeroBitCount == 1 ? block : nil
    }

    private static func kibibytes(_ line: ByteText, _ words: String) -> Int? {
        guard var rest = line.after(words), let value = rest.takeDecimal(), rest.hasPrefix("KB"), value <= 1 << 26
        else {
            return nil
        }
        return value << 10
    }
}
