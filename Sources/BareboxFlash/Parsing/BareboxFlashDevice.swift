package import FlashAccess
import FlashModel

/// A flash device, as `devinfo NAME` shows its parameters:
///
///     Parameters:
///       erasesize: 131072 (type: uint32)
///       oobsize: 64 (type: uint32)
///       partitions: 512k(barebox),-(root) (type: string)
///       size: 134217728 (type: uint64)
///       writesize: 2048 (type: uint32)
package struct BareboxFlashDevice: Sendable, Hashable {
    /// In bytes.
    package let size: Int
    /// In bytes; 0 if there are no erase blocks.
    package let eraseBlockSize: Int
    /// The page size in bytes; 1 on NOR.
    package let pageSize: Int
    package let oobSize: Int
    /// By place; nil if what is printed was not understood.
    package let partitions: [PartitionDefinition.Part]?

    /// Whether a reply has parameters, and is therefore complete as far as its form shows.
    static func isWhole(_ reply: ConsoleReply) -> Bool { reply.lines.contains { $0.hasPrefix("Parameters:") } }

    /// nil if the device is no MTD.
    package init?(_ reply: ConsoleReply) {
        guard Self.isWhole(reply) else { return nil }
        var values: [String: ByteText] = [:]
        for line in reply.lines where line.hasPrefix("  ") {
            guard let name = line.trimmed.before(": "), let value = line.trimmed.after(": ") else { continue }
            values[name.string(limit: 40)] = Self.withoutType(value)
        }
        guard let size = values["size"]?.decimal, size > 0, let page = values["writesize"]?.decimal, page > 0,
            let block = values["erasesize"]?.decimal, let oob = values["oobsize"]?.decimal
        else { return nil }
        self.size = size
        // A block of one byte is RAM that stands for flash.
        eraseBlockSize = block > 1 ? block : 0
        pageSize = page
        oobSize = oob
        partitions = Self.parts(values["partitions"], size)
    }

    private static func withoutType(_ value: ByteText) -> ByteText {
        guard value.hasSuffix(")"), let end = value.bytes.lastIndex(of: 0x28),
            ByteText(value.bytes[end...]).hasPrefix("(type: "), end > value.bytes.startIndex
        else { return value }
        return ByteText(value.bytes[..<end]).trimmed
    }

    /// `256k(barebox),64k@1M(env)`, without the name of a device (`drivers/mtd/core.c`, print_part).
    private static func parts(_ value: ByteText?, _ size: Int) -> [PartitionDefinition.Part]? {
        guard let value, !value.isEmpty, value != ByteText("<NULL>") else { return [] }
        let definitions = PartitionDefinition.list(ByteText(ArraySlice("x:".utf8) + value.bytes))
        guard definitions.count == 1, let parts = definitions.first?.parts,
            parts.allSatisfy({ part in part.offset.plus(part.size ?? 0).map { $0 <= size } == true })
        else { return nil }
        return parts
    }

    var isNAND: Bool { oobSize > 0 }
}

/// The bad blocks of a NAND device, as `nand -i` lists them (`commands/nand.c`, do_nand).
package struct BareboxBadBlocks: Sendable, Hashable {
    /// Offsets from the start of the chip, in bytes, ascending.
    package let offsets: [Int]
    package let strayLines: [String]

    /// nil if the reply is no list.
    package init?(_ reply: ConsoleReply) {
        let lines = reply.lines.map(\.trimmed)
        guard let start = lines.firstIndex(where: { $0.hasPrefix("---- bad blocks ----") }) else { return nil }
        var offsets: Set<Int> = []
        var stray: [String] = []
        var isNone = false
        for line in lines[(start + 1)...] {
            // The regions of the ECC follow.
            if line.isEmpty || line.hasPrefix("----") { break }
            if line.hasPrefix("No bad blocks") {
                isNone = true
            } else if let offset = line.dropping("Block at ")?.before(" is bad")?.hexadecimal {
                offsets.insert(offset)
            } else {
                stray.append(line.string(limit: 80))
            }
        }
        guard isNone != !offsets.isEmpty || !stray.isEmpty else { return nil }
        self.offsets = offsets.sorted()
        strayLines = stray
    }
}

/// What `crc32` prints: `CRC32 for /dev/nor0 0x00000000 ... 0x0000ffff ==> 0x6237cb77` (`commands/crc.c`, do_crc).
package enum BareboxChecksumReply: Sendable, Hashable {
    case sum(UInt32)
    /// Not all of the range could be read; the reason in barebox's words.
    case unreadable(String)

    /// nil if the reply is neither, or is about another range.
    package init?(_ reply: ConsoleReply, of device: BareboxDeviceName, _ range: Range<UInt64>) {
        for line in reply.lines.map(\.trimmed) {
            if let rest = line.dropping("CRC32 for /dev/\(device.text) ") {
                let words = rest.words
                guard words.count == 5, words[0].address == range.lowerBound, words[1] == ByteText("..."),
                    words[2].address == range.upperBound - 1, words[3] == ByteText("==>"), words[4].bytes.count == 10,
                    let sum = words[4].address.flatMap({ UInt32(exactly: $0) })
                else { return nil }
                self = .sum(sum)
                return
            }
            for words in ["read: ", "lseek: "] where line.hasPrefix(words) {
                self = .unreadable(line.string(limit: 80))
                return
            }
        }
        return nil
    }
}
