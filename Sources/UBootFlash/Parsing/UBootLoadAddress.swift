/// Where in a board's memory an image can be put without hitting U-Boot or what the image is for. Pure.
package struct UBootLoadAddress: Sendable, Hashable {
    /// Why there is no such place.
    package enum Refusal: Error, Sendable, Hashable {
        /// An image without bytes has no place.
        case emptyImage
        /// `bdinfo` does not tell where U-Boot lies: neither `relocaddr`, nor a stack, nor reserved ranges.
        case unknownRelocation
        /// The largest free range has this many bytes.
        case tooLarge(largest: UInt64)
    }

    /// Ranges of memory that nothing known lies in, ascending, as addresses to be typed.
    package let free: [Range<UInt64>]

    /// Left below the lowest thing of U-Boot that is known, for what is not: the stack as it grows, and the heap where
    /// its place is not told. Bytes.
    static let margin: UInt64 = 1 << 20
    /// The same where neither stack nor reserved ranges are told: the heap is below `relocaddr`, the stack below that.
    /// The largest heap among upstream configurations of router boards is 16 MiB, 2026.
    static let wideMargin: UInt64 = 24 << 20
    /// Left at the start of each bank: exception vectors, boot parameters, a small kernel's page tables. Bytes.
    static let bottom: UInt64 = 1 << 20
    /// Addresses are multiples of this: 64 KiB, the largest page of any processor that U-Boot runs on.
    static let alignment: UInt64 = 1 << 16

    /// What is free by a board's own account.
    ///
    /// - Parameter board: as `bdinfo` told. Banks at physical addresses are moved to kseg0 where U-Boot itself lies
    ///   there, as on MIPS.
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
            // The last byte is moved, not the end, which may lie behind what is moved.
            let start = typed(block.lowerBound)
            return start..<max(start, typed(block.upperBound - 1) + 1)
        }

        var result: [Range<UInt64>] = []
        for bank in board.banks {
            let start = typed(bank.lowerBound)
            let (end, overflow) = start.addingReportingOverflow(bank.upperBound - bank.lowerBound)
            guard !overflow, end - start > Self.bottom else { continue }
            let range = (start + Self.bottom)..<end
            // Whatever U-Boot has in this bank: all from its lowest piece up is taken to be U-Boot's.
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

    /// A place for an image.
    ///
    /// - Parameters:
    ///   - size: bytes of the image; what is read back must fit as well.
    ///   - target: where the image's content will be moved or unpacked to, which must not be hit.
    ///   - hints: addresses that the board's makers chose (`loadaddr`, `kernel_addr_r`); the first that fits is taken.
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
            // In the middle: as far from what U-Boot has at the top as from what kernels unpack to at the bottom.
            let middle = start + (room - size) / 2
            return middle - middle % Self.alignment
        }
        throw .tooLarge(largest: largest)
    }

    /// MIPS prints physical banks and runs in kseg0, 0x80000000 up.
    private static func isKernelSegment(_ board: UBootBoardInfo) -> Bool {
        guard let relocation = board.relocationAddress, (0x8000_0000..<0xA000_0000).contains(relocation) else {
            return false
        }
        let physical = relocation - 0x8000_0000
        return !board.banks.contains { $0.contains(relocation) } && board.banks.contains { $0.contains(physical) }
    }

    /// A device tree that the board was started with may lie far below U-Boot; it is then a block of its own.
    private static func isDeviceTreeBelow(_ address: UInt64, _ board: UBootBoardInfo) -> Bool {
        guard board.address("fdt_blob") == address || board.address("new_fdt") == address else { return false }
        guard let relocation = board.relocationAddress, relocation > address else { return false }
        return relocation - address > 64 << 20
    }

    /// 1 MiB from an address on: as much as a device tree may have.
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
