import FlashAccess
import FlashModel

/// Checks what the user gives against what the board reports, before anything is written to its memory.
extension UBootFacts {
    /// - Throws: `usage` if flash is to be used as RAM, RAM as flash, or memory where U-Boot itself is.
    func checkGiven() throws(FlashkeepError) {
        if let ram = given.freeRAM { try check(ram) }
        for flash in given.flash where flash.kind == .nor {
            guard let board, let end = flash.start.plus(flash.size), flash.start < end else { continue }
            let range = flash.start..<end
            if let bank = board.memory.first(where: { $0.overlaps(range) }) {
                throw Self.wrong(
                    "--flash", range, "bdinfo reports RAM there: \(Self.text(bank)).", "the address of the flash")
            }
        }
    }

    private func check(_ ram: Range<UInt64>) throws(FlashkeepError) {
        if let flash = mappedFlash.first(where: { $0.overlaps(ram) }) {
            throw Self.wrong("--ram", ram, "Flash is mapped there: \(Self.text(flash)).", "free RAM")
        }
        guard let board else { return }
        // On MIPS the same RAM is seen uncached 512 MiB further on (kseg1).
        let isUncached = ram.lowerBound >= 0xA000_0000 && ram.upperBound <= 0xC000_0000
        let alias = isUncached ? ram.lowerBound - 0x2000_0000..<ram.upperBound - 0x2000_0000 : ram
        let banks = board.memory
        guard
            let seen = [ram, alias].first(where: { range in
                banks.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }
            })
        else {
            throw Self.wrong(
                "--ram", ram, "bdinfo reports RAM only at \(banks.prefix(4).map(Self.text).joined(separator: ", ")).",
                "free RAM")
        }
        if let own = board.ownMemory.first(where: { $0.overlaps(seen) }) {
            throw Self.wrong("--ram", ram, "U-Boot itself is there, from \(Self.hex(own.lowerBound)) on.", "free RAM")
        }
    }

    private static func wrong(
        _ option: String, _ range: Range<UInt64>, _ why: String, _ wanted: String
    ) -> FlashkeepError {
        FlashkeepError(
            .usage, what: "\(option) cannot be \(text(range)).", why: why,
            next: "Give \(wanted); flashkeep info shows what the board reports, and --transcript FILE its own words.")
    }

    private static func hex(_ address: UInt64) -> String { "0x" + String(address, radix: 16) }

    private static func text(_ range: Range<UInt64>) -> String {
        "\(hex(range.lowerBound)) to \(hex(range.upperBound - 1))"
    }
}
