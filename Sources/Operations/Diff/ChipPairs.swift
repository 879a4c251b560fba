import FlashModel

/// Matches the chips of two surveys. Pure.
enum ChipPairs {
    /// Returns the first survey's chip ids by the second's.
    ///
    /// Chips with compatible kinds and sizes match if their names are equal. The rest match if each is the only
    /// candidate for the other, since a bootloader names a chip differently than the kernel does.
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

    /// Whether nothing contradicts it.
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
