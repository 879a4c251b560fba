package import FlashAccess
import LoaderConsoles

/// The size of NAND's pages and blocks, as `dn` shows it.
package struct CFENANDGeometry: Sendable, Hashable {
    /// In bytes.
    package var pageSize: Int
    /// Bytes of the spare area of a page; 0 if none is shown.
    package var oobSize: Int
    /// In bytes.
    package var blockSize: Int

    package init(pageSize: Int, oobSize: Int, blockSize: Int) {
        self.pageSize = pageSize
        self.oobSize = oobSize
        self.blockSize = blockSize
    }

    /// A page with its spare area, in bytes.
    package var unit: Int { pageSize + oobSize }
}

/// A page of NAND with its spare area, as `dn` prints it (`bcm63xx_ram/src/bcm63xx_cmd.c`, dump_nand and ui_dumpaddr).
///
/// `------------------ block: 0, page: 0 ------------------`, on some boards `read : 0`, lines of four words with the
/// offset on the chip, `----------- spare area for block 0, page 0 -----------`, and lines whose numbers go on where a page
/// ends, whichever page it is.
package struct CFEPage: Sendable, Hashable {
    /// What CFE says of the ECC.
    package enum Trouble: Sendable, Hashable {
        /// Bits were repaired.
        case corrected(String)
        /// The bytes are not those that were written, or nothing was read.
        case failed(String)
    }

    /// As the header says.
    package let block: Int
    package let page: Int
    /// The intact lines of the page, by their offset on the chip.
    package private(set) var data: [UInt64: [UInt8]] = [:]
    /// The intact lines of the spare area, by the offset that is printed.
    package private(set) var oob: [UInt64: [UInt8]] = [:]
    /// The worst.
    package private(set) var trouble: Trouble?

    private static let layout = HexDumpLine.Layout(digits: 8, isUppercase: false)

    /// nil if the header is missing or damaged.
    package init?(_ reply: ConsoleReply) {
        let lines = reply.lines
        guard let start = lines.firstIndex(where: { Self.header($0.trimmed, "block: ", ", page: ") != nil }),
            let header = Self.header(lines[start].trimmed, "block: ", ", page: ")
        else { return nil }
        block = header.block
        page = header.page
        var isSpare = false
        for text in lines[(start + 1)...] {
            if let spare = Self.header(text.trimmed, "spare area for block ", ", page ") {
                isSpare = spare == header
            } else if let line = HexDumpLine(text, Self.layout) {
                if isSpare { oob[line.address] = line.bytes } else { data[line.address] = line.bytes }
            } else {
                take(text.trimmed)
            }
        }
    }

    /// `----- words BLOCK words PAGE -----`.
    private static func header(_ text: ByteText, _ words: String, _ more: String) -> (block: Int, page: Int)? {
        guard text.hasPrefix("----------"), text.hasSuffix("----------"), var rest = text.after(words),
            let block = rest.takeDecimal(), rest.take(more), let page = rest.takeDecimal()
        else { return nil }
        return (block, page)
    }

    /// Lines that CFE's driver prints in between (notes of owners: bcm-cfedump): `Uncorrectable ECC Error`,
    /// `nand_flash_read_buf(): Attempt to read bad nand block`, `Error reading block 3`, `Correctable ECC Error detected`.
    /// Parts of the words are enough, for the line may have lost some.
    private mutating func take(_ text: ByteText) {
        let line = text.string(limit: 100)
        if ["Uncorrectable", "ncorrectabl", "Error reading", "read_buf()", "rror readin"].contains(where: text.contains)
        {
            trouble = .failed(line)
        } else if ["Correctable ECC", "ECC Error"].contains(where: text.contains), trouble == nil {
            trouble = .corrected(line)
        }
    }

    /// The intact lines, by their offset in the page with its spare area behind it; those of other pages are left out.
    package func lines(_ geometry: CFENANDGeometry) -> [UInt64: [UInt8]] {
        var lines: [UInt64: [UInt8]] = [:]
        let size = UInt64(clamping: geometry.pageSize)
        let start = UInt64(clamping: block) &* UInt64(clamping: geometry.blockSize) &+ UInt64(clamping: page) &* size
        for (address, bytes) in data where address >= start && address - start < size { lines[address - start] = bytes }
        for (address, bytes) in oob where address >= size && address - size < UInt64(clamping: geometry.oobSize) {
            lines[address] = bytes
        }
        return lines
    }
}

extension CFENANDGeometry {
    /// Measures a page that is printed: the first one of block 1, whose offset is the size of a block.
    ///
    /// - Returns: nil if lines are missing.
    package init?(firstPageOfBlock1 reply: ConsoleReply) {
        guard let page = CFEPage(reply), page.block == 1, page.page == 0, let start = page.data.keys.min(),
            let last = page.data.keys.max(), let blockSize = Int(exactly: start), blockSize > 0, blockSize <= 1 << 26,
            let pageSize = Int(exactly: last - start + 16), Self.areAll(page.data, from: start, count: pageSize),
            pageSize.nonzeroBitCount == 1, blockSize % pageSize == 0
        else { return nil }
        var oobSize = 0
        if let first = page.oob.keys.min(), let end = page.oob.keys.max(), let bytes = page.oob[end]?.count {
            guard first == UInt64(pageSize), let size = Int(exactly: end - first), size <= pageSize,
                Self.areAll(page.oob, from: first, count: size + bytes)
            else { return nil }
            oobSize = size + bytes
        }
        self.init(pageSize: pageSize, oobSize: oobSize, blockSize: blockSize)
    }

    /// Whether lines cover a range without a gap.
    private static func areAll(_ lines: [UInt64: [UInt8]], from start: UInt64, count: Int) -> Bool {
        lines.values.reduce(0) { $0 + $1.count } == count && lines.count == (count + 15) / 16
            && lines.keys.allSatisfy { ($0 - start) % 16 == 0 }
    }
}
