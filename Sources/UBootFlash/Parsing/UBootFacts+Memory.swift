import FlashAccess
package import FlashModel

extension UBootFacts {
    /// Whether the board can compute the CRC-32 of its memory.
    var hasChecksum: Bool { help?.has("crc32") ?? false }

    /// A range of free RAM, at the board's `loadaddr` if that is free.
    ///
    /// - Parameters:
    ///   - count: the size in bytes.
    ///   - area: addresses reserved for something else.
    /// - Throws: ``FlashModel/FlashkeepError`` with `toolMissing` if no RAM is known to be free.
    package func freeMemory(_ count: Int, outside area: Range<UInt64>? = nil) throws(FlashkeepError) -> Range<UInt64> {
        let size = UInt64(max(0, count))
        if let range = given.freeRAM { return try Self.choose(size, in: [range], outside: area, "--ram gives") }
        guard let board else {
            guard !loadRanges.isEmpty else {
                throw Self.noMemory("bdinfo reports no memory, and no variable names an address to load to")
            }
            return try Self.choose(size, in: loadRanges, outside: area, "loadaddr and bootcmd use")
        }
        do {
            let start = try UBootLoadAddress(board).choose(
                size: size, target: area, hints: [environment?.address("loadaddr")].compactMap { $0 })
            return start..<start + size
        } catch {
            throw Self.noMemory(error.words)
        }
    }

    /// Whether free RAM is known by the board's own report, so that it need not be tested. What variables suggest or the
    /// user gives is tested before it is used.
    var isMemoryKnown: Bool { board != nil && given.freeRAM == nil }

    /// RAM that the board's own commands load into, largest first: nothing else is there while U-Boot waits.
    ///
    /// Without `bdinfo` nothing tells where U-Boot itself is. What its makers load over is not it.
    var loadRanges: [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        func add(_ start: UInt64, _ size: UInt64) {
            let (end, overflow) = start.addingReportingOverflow(size)
            if size > 0, size <= 1 << 30, !overflow, start % 4 == 0, ranges.count < 32 { ranges.append(start..<end) }
        }
        for name in ["bootcmd", "bootcmd1", "bootcmd2", "altbootcmd"] {
            for command in ByteText(environment?.variables[name] ?? "").split(0x3B, most: 64) {
                let words = command.words.map { $0.string(limit: 40) }
                // `nand read ADDRESS OFFSET SIZE`, `sf read …`; `mtd read NAME ADDRESS OFFSET SIZE`.
                guard words.count >= 5, words[1].hasPrefix("read") else { continue }
                let first = words[0] == "mtd" ? 3 : 2
                guard words.count > first + 2, let start = ByteText(words[first]).address,
                    let size = ByteText(words[first + 2]).address
                else { continue }
                add(start, size)
            }
        }
        for name in ["loadaddr", "kernel_addr_r", "fileaddr"] {
            if let start = environment?.address(name), start > 0 { add(start, Self.usualImage) }
        }
        return ranges.sorted { $0.count > $1.count }
    }

    /// Bytes that may be taken at an address of which only the start is told: smaller than any Linux kernel.
    private static let usualImage: UInt64 = 1 << 20

    private static func choose(
        _ size: UInt64, in ranges: [Range<UInt64>], outside area: Range<UInt64>?, _ source: String
    ) throws(FlashkeepError) -> Range<UInt64> {
        var largest: UInt64 = 0
        for range in ranges {
            var starts = [range.lowerBound]
            if let area, area.upperBound > range.lowerBound { starts.append(area.upperBound) }
            for start in starts where start < range.upperBound {
                largest = max(largest, range.upperBound - start)
                guard range.upperBound - start >= size else { continue }
                let found = start..<start + size
                if area.map({ !$0.overlaps(found) }) ?? true { return found }
            }
        }
        throw noMemory("\(source) \(largest) bytes, and \(size) are needed")
    }

    private static func noMemory(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "No RAM on the board is known to be free.", why: why,
            next: "If you know some, give it: --ram START+SIZE, such as --ram 0x82000000+16M. Or boot an initramfs "
                + "(--image), or use a programmer.")
    }
}

extension UBootLoadAddress.Refusal {
    /// The reason in words.
    fileprivate var words: String {
        switch self {
        case .emptyImage: "nothing was to be loaded"
        case .unknownRelocation: "bdinfo does not report the location of U-Boot itself"
        case .tooLarge(let largest): "the largest free range has \(largest) bytes"
        }
    }
}
