import FlashAccess

/// Free addresses for an image in a board's memory, away from U-Boot and the image's final position. Pure.
package struct UBootLoadAddress: Sendable, Hashable {
    /// The reason why there is no such address.
    package enum Refusal: Error, Sendable, Hashable {
        /// The image has no bytes.
        case emptyImage
        /// `bdinfo` does not report U-Boot's location: no `relocaddr`, no stack, no reserved ranges.
        case unknownRelocation
        /// The image does not fit; the size in bytes of the largest free range.
        case tooLarge(largest: UInt64)
    }

    /// The ranges of memory without known use, ascending, as addresses for commands.
    package let free: [Range<UInt64>]

    /// The margin in bytes below U-Boot's lowest known address, for what is not known: the growing stack, and the heap
    /// if its position is not reported.
    static let margin: UInt64 = 1 << 20
    /// The margin in bytes if neither stack nor reserved ranges are reported: the heap is below `relocaddr`, and the
    /// stack below that. The largest heap among upstream configurations of router boards is 16 MiB (2026).
    static let wideMargin: UInt64 = 24 << 20
    /// The bytes left at the start of each bank, for exception vectors, boot parameters, and a small kernel's page
    /// tables.
    static let bottom: UInt64 = 1 << 20
    /// The alignment of addresses in bytes: 64 KiB, the largest page of any processor that U-Boot runs on.
    static let alignment: UInt64 = 1 << 16

    /// Determines the free ranges from the board's own report.
    ///
    /// - Parameter board: the output of `bdinfo`. Banks at physical addresses are converted to kseg0 if U-Boot itself
    ///   runs there, as on MIPS.
    package init(_ board: UBootBoardInfo) throws(Refusal) {
        let places = ["relocaddr", "sp start", "irq_sp", "fdt_blob", "new_fdt", "TLB addr", "FB base", "boot_params"]
        let known = places.dropLast().compactMap { board.address($0) }.filter { $0 != 0 }
        let isKernelSegment = Self.isKernelSegment(board)
        func typed(_ address: UInt64) -> UInt64 {
            isKernelSegment && address < 0x2000_0000 ? address + 0x8000_0000 : address
        }
        let tellsStack = ["sp start", "irq_sp"].contains { (board.address($0) ?? 0) != 0 }
        guard (board.relocationAddress ?? 0) != 0 || tellsStack || !board.reserved.isEmpty else {
            throw .unknownRelocation
        }
        let margin = tellsStack || !board.reserved.isEmpty ? Self.margin : Self.wideMargin
        let reserved = board.reserved.filter { !$0.isEmpty }.map { block in
            // Convert the last byte rather than the end, which may lie beyond the range that is converted.
            let start = typed(block.lowerBound)
            return start..<max(start, typed(block.upperBound - 1) + 1)
        }

        var result: [Range<UInt64>] = []
        for bank in board.banks {
            let start = typed(bank.lowerBound)
            let (end, overflow) = start.addingReportingOverflow(bank.upperBound - bank.lowerBound)
            guard !overflow, end - start > Self.bottom else { continue }
            let range = (start + Self.bottom)..<end
            // Everything in this bank from U-Boot's lowest known address up is taken to be U-Boot's.
            var ceiling = end
            for address in known.map(typed)
            where (start..<end).contains(address) && !Self.isDeviceTreeBelow(address, board) {
                ceiling = min(ceiling, address)
            }
            for block in reserved where block.contains(end - 1) && block.lowerBound >= start {
                ceiling = min(ceiling, block.lowerBound)
            }
            if ceiling < end { ceiling = ceiling - start > margin ? ceiling - margin : start }
            guard ceiling > range.lowerBound else { continue }
            var pieces = [range.lowerBound..<ceiling]
            let blocks =
                reserved.map { $0.lowerBound..<$0.upperBound }
                + known.map(typed).map { Self.around($0) }
                + (board.address("boot_params").map { [Self.around(typed($0))] } ?? [])
            for block in blocks { pieces = Self.without(block, pieces) }
            result += pieces
        }
        free = Self.withoutOverlaps(result).sorted { $0.lowerBound < $1.lowerBound }
    }

    /// Chooses an address for an image.
    ///
    /// - Parameters:
    ///   - size: of the image in bytes; reading it back must fit as well.
    ///   - target: the range that the image's content will be moved or unpacked to, which must not overlap.
    ///   - hints: addresses that the manufacturer chose (`loadaddr`, `kernel_addr_r`); the first that fits is used.
    package func choose(
        size: UInt64, target: Range<UInt64>? = nil, hints: [UInt64] = []
    ) throws(Refusal) -> UInt64 {
        guard size > 0 else { throw .emptyImage }
        let places = target.map { Self.without($0, free) } ?? free
        for hint in hints {
            let (end, overflow) = hint.addingReportingOverflow(size)
            if !overflow, places.contains(where: { $0.lowerBound <= hint && end <= $0.upperBound }) { return hint }
        }
        var largest: UInt64 = 0
        for place in places.sorted(by: { $0.upperBound - $0.lowerBound > $1.upperBound - $1.lowerBound }) {
            guard let start = Self.aligned(place.lowerBound), start < place.upperBound else { continue }
            let room = place.upperBound - start
            largest = max(largest, room)
            guard room >= size else { continue }
            // In the middle: as far from U-Boot at the top as from where kernels unpack at the bottom.
            let middle = start + (room - size) / 2
            return middle - middle % Self.alignment
        }
        throw .tooLarge(largest: largest)
    }

    /// Converts an address to the form that commands take on this board.
    fileprivate static func typed(_ address: UInt64, _ board: UBootBoardInfo) -> UInt64 {
        isKernelSegment(board) && address < 0x2000_0000 ? address + 0x8000_0000 : address
    }

    /// Whether the banks are physical but U-Boot runs in kseg0 (from 0x80000000), as on MIPS.
    private static func isKernelSegment(_ board: UBootBoardInfo) -> Bool {
        guard let relocation = board.relocationAddress, (0x8000_0000..<0xA000_0000).contains(relocation) else {
            return false
        }
        let physical = relocation - 0x8000_0000
        return !board.banks.contains { $0.contains(relocation) } && board.banks.contains { $0.contains(physical) }
    }

    /// Whether an address is that of the board's device tree, far below U-Boot; it is then a block of its own.
    private static func isDeviceTreeBelow(_ address: UInt64, _ board: UBootBoardInfo) -> Bool {
        guard board.address("fdt_blob") == address || board.address("new_fdt") == address else { return false }
        guard let relocation = board.relocationAddress, relocation > address else { return false }
        return relocation - address > 64 << 20
    }

    /// The 1 MiB from an address on: the largest size assumed for a device tree.
    private static func around(_ address: UInt64) -> Range<UInt64> {
        let (end, overflow) = address.addingReportingOverflow(1 << 20)
        return address..<(overflow ? .max : end)
    }

    private static func aligned(_ address: UInt64) -> UInt64? {
        let (raised, overflow) = address.addingReportingOverflow(alignment - 1)
        return overflow ? nil : raised - raised % alignment
    }

    private static func without(_ block: Range<UInt64>, _ ranges: [Range<UInt64>]) -> [Range<UInt64>] {
        ranges.flatMap { range -> [Range<UInt64>] in
            var rest = RangeSet(range)
            rest.remove(contentsOf: block)
            return Array(rest.ranges)
        }
    }

    private static func withoutOverlaps(_ ranges: [Range<UInt64>]) -> [Range<UInt64>] {
        var result: [Range<UInt64>] = []
        for range in ranges {
            var pieces = [range]
            for other in result { pieces = without(other, pieces) }
            result += pieces
        }
        return result
    }
}

extension UBootBoardInfo {
    /// The memory banks, as addresses for commands.
    var memory: [Range<UInt64>] {
        banks.compactMap { bank in
            let start = UBootLoadAddress.typed(bank.lowerBound, self)
            let (end, overflow) = start.addingReportingOverflow(bank.upperBound - bank.lowerBound)
            return overflow ? nil : start..<end
        }
    }

    /// Where U-Boot itself is: from its lowest known address to the end of that bank.
    var ownMemory: [Range<UInt64>] {
        let known = ["relocaddr", "sp start", "irq_sp", "TLB addr"].compactMap { address($0) }.filter { $0 != 0 }
            .map { UBootLoadAddress.typed($0, self) }
        return memory.compactMap { bank in
            known.filter(bank.contains).min().map { $0..<bank.upperBound }
        }
    }
}
