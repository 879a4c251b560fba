import FlashAccess
import FlashModel

/// How a chip's bytes get into the board's address space.
enum UBootWindow: Sendable, Hashable {
    /// They are mapped there: parallel flash, and serial flash that the board's controller maps.
    case mapped(base: UInt64)
    /// `sf read`.
    case spi
    /// `nand read` of this device.
    case nand(Int)
    /// `mtd read` of this device.
    case mtd(String)
    /// They do not: `spi read` of Ralink's prints them.
    case printed

    /// Whether bytes must be copied into RAM first.
    var isStaged: Bool {
        switch self {
        case .mapped, .printed: false
        case .spi, .nand, .mtd: true
        }
    }

    /// The command that must be sent once before the chip is read.
    func preparation(_ commands: UBootCommands) throws -> String? {
        switch self {
        case .mapped, .mtd, .printed: nil
        case .spi: try commands.spiProbe()
        case .nand(let index): try commands.nandDevice(index)
        }
    }

    /// Why the chip was not selected, by the reply to ``preparation(_:)``; nil if it was. Otherwise another chip would be
    /// read in its place.
    ///
    /// `Device 1: nand1... is now current device`, and `No such device` (`cmd/nand.c`, set_dev).
    func refusal(_ reply: UBootReply) -> String? {
        guard case .nand(let index) = self else { return nil }
        let lines = reply.lines.map(\.trimmed).filter { !$0.isEmpty && !$0.contains("nand device") }
        for line in lines where line.contains("is now current device") {
            guard var rest = line.after("Device "), let number = rest.takeDecimal() else { continue }
            return number == index ? nil : "U-Boot selected device \(number) instead"
        }
        let signs = ["no such", "not available", "unknown", "usage", "invalid", "error", "fail", "no nand", "nand - "]
        if let line = lines.first(where: { line in signs.contains { line.lowercased.contains($0) } }) {
            return "U-Boot did not select it: \(PrintableText.escaped(line.string(limit: 80)))"
        }
        // The first device is current from the start, whatever a vendor prints.
        return index == 0 ? nil : "U-Boot did not confirm that it selected it"
    }

    /// The command that copies a range of the chip into RAM; nil if the chip is mapped or printed.
    func read(_ range: Range<Int>, to memory: UInt64, _ commands: UBootCommands) throws -> String? {
        guard let offset = UInt64(exactly: range.lowerBound) else { throw UBootCommandFault.badRange }
        let count = UInt64(range.count)
        switch self {
        case .mapped, .printed: return nil
        case .spi: return try commands.spiRead(to: memory, offset: offset, count: count)
        case .nand: return try commands.nandRead(to: memory, offset: offset, count: count)
        case .mtd(let name): return try commands.mtdRead(name, to: memory, offset: offset, count: count)
        }
    }

    /// Whether pages can be read with their OOB bytes this way.
    func readsOOB(_ facts: UBootFacts) -> Bool {
        switch self {
        case .mapped, .spi, .printed: false
        case .nand: facts.readsRawNAND
        case .mtd: facts.readsRawMTD
        }
    }

    /// The commands that copy NAND pages into RAM, each followed by its OOB bytes.
    func readWithOOB(
        _ pages: Range<Int>, of chip: Chip, to memory: UInt64, _ commands: UBootCommands
    ) throws -> [String] {
        func offset(_ page: Int) throws -> UInt64 {
            guard let offset = page.times(chip.pageSize).flatMap(UInt64.init(exactly:)) else {
                throw UBootCommandFault.badRange
            }
            return offset
        }
        switch self {
        case .mapped, .spi, .printed: throw UBootCommandFault.badRange
        case .nand:
            return [
                try commands.nandReadRaw(
                    to: memory, offset: try offset(pages.lowerBound), pages: UInt64(clamping: pages.count))
            ]
        case .mtd(let name):
            // For several pages, it would return all data first and then all OOB bytes.
            return try pages.map { page in
                guard let target = (page - pages.lowerBound).times(chip.pageSize + chip.oobSize).flatMap(memory.plus)
                else { throw UBootCommandFault.badRange }
                return try commands.mtdReadRawWithOOB(
                    name, to: target, offset: try offset(page), count: UInt64(clamping: chip.pageSize))
            }
        }
    }
}
