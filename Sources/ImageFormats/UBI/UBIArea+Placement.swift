extension UBIArea {
    package func placement(isBad: (Int) -> Bool, wasBad: (Int) -> Bool) throws(PlacementRefusal) -> [Int?] {
        let good = blocks.indices.filter { !isBad($0) }
        if let needed = neededBlocks, good.count < needed {
            throw PlacementRefusal(
                why: "its volumes need \(needed) good erase blocks, and the board has \(good.count)")
        }
        let lost = blocks.indices.filter { isBad($0) && mustStay(blocks[$0]) }
        // From the end: like UBI, bootloaders look at the start first.
        let spare = good.compactMap { number in rank(number, wasBad).map { (rank: $0, number: number) } }
            .sorted { ($0.rank, -$0.number) < ($1.rank, -$1.number) }
        guard lost.count <= spare.count else {
            throw PlacementRefusal(
                why:
                    "\(lost.count) of its erase blocks are bad on the board, and \(spare.count) are free in the backup")
        }
        var sources = blocks.indices.map { isBad($0) ? nil : Optional($0) }
        for (block, place) in zip(lost, spare) { sources[place.number] = block }
        let rest = spare.dropFirst(lost.count)
        let empty = rest.first { $0.rank != .fastmap }?.number
        for place in rest where place.rank == .fastmap {
            guard let empty else { throw PlacementRefusal(why: "the backup has no free erase block") }
            sources[place.number] = empty
        }
        return sources
    }

    /// The blocks that can be given up, in this order.
    private enum Rank: Int, Comparable {
        case bad
        /// A fastmap records the positions of all blocks, which change. Without one, UBI scans.
        case fastmap
        case blank
        case free

        static func < (one: Rank, other: Rank) -> Bool { one.rawValue < other.rawValue }
    }

    private func rank(_ number: Int, _ wasBad: (Int) -> Bool) -> Rank? {
        switch blocks[number] {
        case .missing: wasBad(number) ? .bad : nil
        case .used(let header): header.isFastmap ? .fastmap : nil
        case .blank: .blank
        case .free: .free
        case .damaged: nil
        }
    }

    /// Whether a block's bytes must be stored somewhere on the target.
    private func mustStay(_ block: Block) -> Bool {
        switch block {
        case .used(let header): !header.isFastmap
        case .damaged: true
        case .missing, .blank, .free: false
        }
    }
}
