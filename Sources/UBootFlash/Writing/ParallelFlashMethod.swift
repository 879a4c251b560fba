import FlashAccess
import FlashModel

/// `protect off`, `erase` and `cp.b` (`cmd/flash.c`, `drivers/mtd/cfi_flash.c`), only for whole sectors that the board
/// has listed, so that no neighbor is affected: `erase START +SIZE` would round up to the next sector.
struct ParallelFlashMethod: UBootWriteMethod {
    /// The bytes per write if the board does not report the size of the chip's write buffer.
    private static let smallUnit = 512

    let name = "erase and cp.b"
    let unit: Int
    var signs: [UBootCommandSign] {
        [.erase, .copy] + (bank.sectors.contains(where: \.isReadOnly) ? [.protect] : [])
    }
    var copied: Range<UInt64>? { bank.range }
    private let commands: UBootCommands
    private let bank: UBootFlashInfo.Bank
    private let base: UInt64

    init(_ chip: Chip, _ facts: UBootFacts, _ commands: UBootCommands) throws(WriteRefusal) {
        guard let window = facts.windows[chip.id], case .mapped(let base) = window,
            let bank = facts.flash?.banks.first(where: { $0.start == base && $0.size == chip.exactSize }),
            let sizes = bank.sectorSizes, let sector = sizes.first
        else { throw .throughLinux("flinfo did not report the start of each sector") }
        guard facts.help?.has("erase") ?? false, facts.help?.has("cp") ?? false else {
            throw .throughLinux("this U-Boot has no erase or no cp")
        }
        if bank.sectors.contains(where: \.isReadOnly), !(facts.help?.has("protect") ?? false) {
            throw .throughLinux("sectors are protected, and this U-Boot has no protect command")
        }
        let unit = bank.writeBufferSize ?? Self.smallUnit
        guard sizes.allSatisfy({ $0 == sector }), sector % unit == 0 else {
            throw .throughLinux("the chip has sectors of different sizes")
        }
        self.commands = commands
        self.bank = bank
        self.base = base
        self.unit = unit
    }

    func byHand(_ range: Range<Int>, memory: UInt64) -> UBootManualLines {
        let start = base + UInt64(range.lowerBound)
        let sectors = "\(UBootCommands.hex(start)) \(UBootCommands.hex(start + UInt64(range.count) - 1))"
        let isProtected = bank.sectors.contains {
            (start..<start + UInt64(range.count)).contains($0.start) && $0.isReadOnly
        }
        func copy(_ from: UInt64, _ to: UInt64) -> String {
            "cp.b \(UBootCommands.hex(from)) \(UBootCommands.hex(to)) \(UBootCommands.hex(UInt64(range.count)))"
        }
        let write = ["erase \(sectors)", copy(memory, start)]
        return UBootManualLines(
            write: isProtected ? ["protect off \(sectors)"] + write + ["protect on \(sectors)"] : write,
            readBack: copy(start, memory))
    }

    func erase(_ block: Range<Int>) throws(UBootCommandFault) -> [UBootWriteCommand] {
        let range = try sectors(block)
        // The reported count includes sectors that it left alone; reading the flash back shows the result.
        return try unprotected(range, [line(["erase"], range)])
    }

    func program(
        _ parts: [Range<Int>], of block: Range<Int>, from memory: UInt64
    ) throws(UBootCommandFault) -> [UBootWriteCommand] {
        let range = try sectors(block)
        guard let flash = bank.range else { throw .badRange }
        var copies: [String] = []
        for part in parts {
            guard part.clamped(to: 0..<block.count) == part, !part.isEmpty,
                let start = range.lowerBound.plus(part.lowerBound), let source = memory.plus(part.lowerBound),
                let end = source.plus(part.count), !flash.overlaps(source..<end),
                // At odd addresses the driver for 16-bit chips crashes some processors.
                start % 2 == 0, part.count % 2 == 0
            else { throw .badRange }
            copies.append(
                try commands.line([
                    "cp.b", UBootCommands.hex(source), UBootCommands.hex(start), UBootCommands.hex(UInt64(part.count)),
                ]))
        }
        return try unprotected(range, copies)
    }

    /// Wraps commands in those that remove and restore protection, if any of the sectors is protected.
    private func unprotected(
        _ range: Range<UInt64>, _ inner: [String]
    ) throws(UBootCommandFault) -> [UBootWriteCommand] {
        let isProtected = bank.sectors.contains { range.contains($0.start) && $0.isReadOnly }
        let all =
            isProtected ? try [line(["protect", "off"], range)] + inner + [line(["protect", "on"], range)] : inner
        return all.map { UBootWriteCommand($0) }
    }

    private func line(_ words: [String], _ range: Range<UInt64>) throws(UBootCommandFault) -> String {
        try commands.line(words + [UBootCommands.hex(range.lowerBound), UBootCommands.hex(range.upperBound - 1)])
    }

    /// The addresses of a block, which must consist of whole sectors.
    private func sectors(_ block: Range<Int>) throws(UBootCommandFault) -> Range<UInt64> {
        guard !block.isEmpty, let whole = bank.range, let start = base.plus(block.lowerBound),
            let end = start.plus(block.count), (start..<end).clamped(to: whole) == start..<end,
            bank.sectors.contains(where: { $0.start == start }),
            end == whole.upperBound || bank.sectors.contains(where: { $0.start == end })
        else { throw .badRange }
        return start..<end
    }
}
