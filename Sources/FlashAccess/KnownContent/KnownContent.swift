import FlashModel

/// Says where content lies that we have already, by CRC-32 sums that a board computed. Pure.
///
/// Over a serial line a byte of flash costs four characters, and a sum over 64 KiB less than a hundred. What an earlier
/// backup holds, what came before in this one, and what is blank need not cross.
///
/// It is filled with bytes, of which it keeps none: for each 2 KiB the sum of all from the start of the stretch to
/// there. The sum of any window that starts at a multiple of 4 KiB follows from the sums at its two ends
/// (``FlashModel/CRC32Shift``), so windows of all sizes are found without reading anything again.
///
/// Memory: 8 bytes for each 4 KiB taken in, and as many again for each window size that is asked for: 2 MiB for a
/// 256 MiB chip asked at three sizes, and for moments some more. Bytes beyond ``limit`` are not taken in.
///
/// ## How far a match can be believed
/// Two sums are asked of the board: over the chunk, and, only where that is known, over its first half. For content
/// that has nothing to do with ours each of them is the same by chance once in 2^32. Against the 65,536 windows of
/// 256 MiB the first alone errs once in 65,536 unknown chunks; both, once in 2^48.
///
/// A sum over the chunk together with its known neighbours, or of its second half, adds nothing to these: CRC is linear,
/// so such a sum follows from the ones at hand and is right whenever they are. A sum that cuts through the chunk does
/// not follow: it is another 32 bits, where what differs lies on both sides of the cut.
///
/// Where what differs from our content lies wholly in one half, the cut tells nothing new, and the chance is the 2^-32
/// of one sum, for that one candidate. Then still: what differs in one or two bits, or only within 32 bits in a row, is
/// never taken for the same (x is of order 2^32 − 1 modulo the polynomial, and the polynomial is of degree 32).
///
/// So what is found must be read from disk and its sums compared with the board's, both; and a proof of such bytes is a
/// proof by CRC-32.
package struct KnownContent: Sendable {
    /// Where bytes are that may be the chunk's.
    package enum Candidate: Sendable, Hashable {
        /// Nothing but this byte: 0xFF, erased flash, or 0.
        case repeated(UInt8)
        /// In a source, `offset` bytes from its start.
        case stored(source: Int, offset: Int)
    }

    /// Windows start at multiples of this in their source. Bytes.
    package static let step = 4096
    /// Sums are kept at multiples of this: the half of the smallest window. Bytes.
    private static let grain = step / 2
    /// Repeated bytes that are known without a source: erased flash, and zeros.
    private static let fillings: [UInt8] = [0xFF, 0]

    /// Bytes of a source one after another, as they came.
    private struct Stretch {
        var source: Int
        /// Where it starts in the source, a multiple of ``step``.
        var start: Int
        /// Where its sums start in ``sums``.
        var first: Int
        /// How many bytes were taken in.
        var count: Int = 0
        /// The sum of these.
        var sum = CRC32()
    }

    /// All windows of one size.
    private struct Table {
        /// How many grains.
        let grains: Int
        let shift: CRC32Shift
        let halfShift: CRC32Shift
        /// The sums of ``fillings``: such windows are not listed.
        let fillings: [UInt32]
        /// The sum in the upper half, in the lower the place in ``sums`` where the window starts.
        var entries = SortedEntries()
        /// The stretch up to which windows are listed, and the place of the next one.
        var stretch = 0
        var next = 0
    }

    /// The most bytes that are taken in.
    package let limit: Int
    /// How many bytes were taken in.
    package private(set) var count = 0
    /// For each stretch: 0, then the sum from its start to each grain's end.
    private var sums: [UInt32] = []
    private var stretches: [Stretch] = []
    private var tables: [Int: Table] = [:]

    /// Knows nothing but blank chunks.
    ///
    /// - Parameter limit: bytes of all sources together that are taken in, at most 2^42.
    package init(limit: Int = 4 << 30) {
        self.limit = min(max(0, limit), 1 << 42)
    }

    // MARK: Filling

    /// Takes in bytes of a source.
    ///
    /// Bytes that go on where the last ones ended join them. All others begin a new stretch, and no window is found that
    /// reaches from one stretch into another: so sources are filled one after another, each from its start to its end,
    /// and the present backup last.
    ///
    /// - Parameters:
    ///   - bytes: any number of them.
    ///   - source: a number of the caller's for what they are in.
    ///   - offset: where they are in it, from its start; not negative.
    package mutating func add(_ bytes: some Collection<UInt8>, source: Int, offset: Int) {
        var rest = bytes[...]
        let isNext =
            stretches.last.map { $0.source == source && $0.start.plus($0.count) == offset } ?? false
        if !isNext {
            // Up to the next place that windows may start at, nothing can be known.
            guard offset >= 0, let start = offset.roundedUp(to: Self.step), start - offset < rest.count else { return }
            rest = rest.dropFirst(start - offset)
            dropLastIfUseless()
            stretches.append(Stretch(source: source, start: start, first: sums.count))
            sums.append(0)
        }
        guard var stretch = stretches.popLast() else { return }
        rest = rest.prefix(limit - count)
        while !rest.isEmpty {
            let piece = rest.prefix(Self.grain - stretch.count % Self.grain)
            stretch.sum.update(piece)
            stretch.count += piece.count
            count += piece.count
            rest = rest.dropFirst(piece.count)
            if stretch.count % Self.grain == 0 { sums.append(stretch.sum.value) }
        }
        stretches.append(stretch)
    }

    /// What is shorter than any window is forgotten when something else begins.
    private mutating func dropLastIfUseless() {
        guard let last = stretches.last, last.count < Self.step else { return }
        stretches.removeLast()
        sums.removeSubrange(last.first...)
        count -= last.count
    }

    // MARK: Finding

    /// Where a chunk's bytes may be found.
    ///
    /// The first question about a size lists all windows of that size, which takes some milliseconds for each 256 MiB;
    /// later ones only add what came since.
    ///
    /// - Parameters:
    ///   - size: bytes of the chunk. Where it is not a multiple of ``step``, only repeated bytes are known.
    ///   - sum: its CRC-32.
    ///   - half: the CRC-32 of its first `size / 2` bytes; without it the answer only says whether it is worth asking for.
    ///   - most: how many candidates to name.
    /// - Returns: candidates, the repeated byte first, then those that were taken in first. Empty where it is not known.
    package mutating func candidates(size: Int, sum: UInt32, half: UInt32? = nil, most: Int = 8) -> [Candidate] {
        guard size > 0, most > 0 else { return [] }
        for byte in Self.fillings where CRC32.sum(repeating: byte, count: size) == sum {
            if half.map({ CRC32.sum(repeating: byte, count: size / 2) == $0 }) ?? true { return [.repeated(byte)] }
        }
        guard size % Self.step == 0, size <= count else { return [] }
        let table = table(size)
        var found: [Int] = []
        for place in table.entries.places(of: sum) {
            if let half, self.sum(at: place, grains: table.grains / 2, table.halfShift) != half { continue }
            found.append(place)
        }
        return found.sorted().prefix(most).compactMap(candidate)
    }

    /// The table of a size, with all windows that there are by now.
    private mutating func table(_ size: Int) -> Table {
        var table =
            tables.removeValue(forKey: size)
            ?? Table(
                grains: size / Self.grain, shift: CRC32Shift(bytes: size), halfShift: CRC32Shift(bytes: size / 2),
                fillings: Self.fillings.map { CRC32.sum(repeating: $0, count: size) })
        var entries: [UInt64] = []
        while table.stretch < stretches.count {
            let stretch = stretches[table.stretch]
            table.next = max(table.next, stretch.first)
            let last = stretch.first + stretch.count / Self.grain - table.grains
            while table.next <= last {
                let sum = self.sum(at: table.next, grains: table.grains, table.shift)
                if !table.fillings.contains(sum) { entries.append(SortedEntries.entry(sum, table.next)) }
                table.next += Self.step / Self.grain
            }
            // The last stretch may still grow.
            if table.stretch == stretches.count - 1 { break }
            table.stretch += 1
        }
        table.entries.add(entries)
        tables[size] = table
        return table
    }

    /// The sum of the bytes between two sums of a stretch.
    private func sum(at place: Int, grains: Int, _ shift: CRC32Shift) -> UInt32 {
        shift.rest(of: sums[place + grains], behind: sums[place])
    }

    /// Which source a place is in.
    private func candidate(_ place: Int) -> Candidate? {
        // The last stretch that starts at or before it.
        var low = 0
        var high = stretches.count
        while low < high {
            let middle = (low + high) / 2
            if stretches[middle].first <= place { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let stretch = stretches[low - 1]
        return .stored(source: stretch.source, offset: stretch.start + (place - stretch.first) * Self.grain)
    }
}

/// Sums with the places of what they are of, found by halving.
///
/// What is added later is sorted for itself and joined with what is there once it has come to its size, so that
/// adding all in many small pieces costs little more than adding it at once.
private struct SortedEntries {
    /// Sorted each; each at least twice as long as the next.
    private var runs: [[UInt64]] = []

    package static func entry(_ sum: UInt32, _ place: Int) -> UInt64 {
        UInt64(sum) << 32 | UInt64(UInt32(truncatingIfNeeded: place))
    }

    package mutating func add(_ entries: [UInt64]) {
        guard !entries.isEmpty else { return }
        runs.append(entries.sorted())
        while let last = runs.last, let before = runs.dropLast().last, before.count < 2 * last.count {
            runs.removeLast(2)
            runs.append(Self.merged(before, last))
        }
    }

    /// The places of a sum, in no order.
    package func places(of sum: UInt32) -> [Int] {
        var result: [Int] = []
        for run in runs {
            var index = Self.firstIndex(in: run, notBelow: Self.entry(sum, 0))
            while index < run.count, run[index] >> 32 == UInt64(sum) {
                result.append(Int(UInt32(truncatingIfNeeded: run[index])))
                index += 1
            }
        }
        return result
    }

    private static func firstIndex(in run: [UInt64], notBelow entry: UInt64) -> Int {
        var low = 0
        var high = run.count
        while low < high {
            let middle = (low + high) / 2
            if run[middle] < entry { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func merged(_ left: [UInt64], _ right: [UInt64]) -> [UInt64] {
        var result: [UInt64] = []
        result.reserveCapacity(left.count + right.count)
        var (first, second) = (0, 0)
        while first < left.count, second < right.count {
            if left[first] <= right[second] {
                result.append(left[first])
                first += 1
            } else {
                result.append(right[second])
                second += 1
            }
        }
        result += left[first...]
        result += right[second...]
        return result
    }
}
