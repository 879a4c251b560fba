import FlashModel

/// Which chips of two surveys are the same. Pure.
enum ChipPairs {
    /// A chip's id in the second → in the first.
    ///
    /// The same name, kind and size make a pair; what is left pairs with the only one of its kind and size, since a
    /// bootloader calls a chip otherwise than the kernel does.
    static func find(_ first: [Chip], _ second: [Chip]) -> [String: String] {
        var pairs: [String: String] = [:]
        var taken: Set<String> = []
        for chip in second {
            guard let same = first.first(where: { $0.id == chip.id }), mayBeSame(same, chip) else { continue }
            pairs[chip.id] = same.id
            taken.insert(same.id)
        }
        let restOfFirst = first.filter { !taken.contains($0.id) }
        let restOfSecond = second.filter { pairs[$0.id] == nil }
        for chip in restOfSecond {
            let candidates = restOfFirst.filter { mayBeSame($0, chip) }
            guard candidates.count == 1, let same = candidates.first,
                restOfSecond.filter({ mayBeSame(same, $0) }).count == 1
            else { continue }
            pairs[chip.id] = same.id
        }
        return pairs
    }

    /// Whether nothing speaks against it.
    static func mayBeSame(_ first: Chip, _ second: Chip) -> Bool {
        let isOneKind = first.kind == .unknown || second.kind == .unknown || first.kind.isNAND == second.kind.isNAND
        let isOneSize =
            switch (first.size, second.size) {
            case (.exact(let one), .exact(let other)): one == other
            case (.atLeast(let least), .exact(let whole)), (.exact(let whole), .atLeast(let least)): least <= whole
            case (.atLeast, .atLeast): true
            }
        return isOneKind && isOneSize
    }
}
