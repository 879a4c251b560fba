import FlashModel

/// Finds content that is available already, by CRC-32 checksums that a board computed. Pure.
///
/// Over a serial line, a byte of flash costs four characters, and the checksum of 64 KiB less than a hundred. Blank
/// flash and content of an earlier backup or of this one need not be transferred.
///
/// It keeps none of the bytes it is given, only checksums: for each 2 KiB, the one from the start of the stretch to
/// there. The checksum of any window that starts at a multiple of 4 KiB follows from those at its two ends
/// (``FlashModel/CRC32Shift``), so windows of all sizes are found without reading anything again.
///
/// Memory: 8 bytes for each 4 KiB added, and as many again for each window size requested: 2 MiB for a 256 MiB chip at
/// three sizes, and briefly some more. Bytes beyond ``limit`` are ignored.
///
/// ## Reliability of a match
/// The board computes two checksums: of the chunk and, only if that is known, of its first half. For unrelated content,
/// each matches by chance once in 2^32. Against the 65,536 windows of 256 MiB, the first alone is wrong once in 65,536
/// unknown chunks; both, once in 2^48.
///
/// The checksum of the chunk with its known neighbours, or of its second half, would add nothing: CRC is linear, so it
/// follows from the others and matches whenever they do. A checksum that ends inside the chunk is independent: it adds
/// 32 bits if the differences lie on both sides of that point.
///
/// If all differences from known content lie in one half, that checksum adds nothing, and the chance is the 2^-32 of
/// one checksum, for that one candidate. Even then, a difference of one or two bits, or one within 32 consecutive bits,
/// is always detected (x is of order 2^32 − 1 modulo the polynomial, and the polynomial is of degree 32).
///
/// So a candidate must be read from disk and both of its checksums compared with the board's. The proof of such bytes
/// is a proof by CRC-32.
package struct KnownContent: Sendable {
    /// Where the bytes of a chunk may be.
    package enum Candidate: Sendable, Hashable {
        /// This byte repeated: 0xFF (erased flash) or 0.
        case repeated(UInt8)
        /// `offset` bytes from the start of a source.
        case stored(source: Int, offset: Int)
    }

    /// Windows start at multiples of this many bytes in their source.
    package static let step = 4096
    /// The distance between stored checksums in bytes: half of the smallest window.
    private static let grain = step / 2
    /// The repeated bytes that are known without a source: erased flash, and zeros.
    private static let fillings: [UInt8] = [0xFF, 0]

    /// Contiguous bytes of a source.
    private struct Stretch {
        var source: Int
        /// The offset in the source, a multiple of ``step``.
        var start: Int
        /// The index of its first checksum in ``sums``.
        var first: Int
        /// The number of bytes added.
        var count: Int = 0
        /// The checksum of these bytes.
        var sum = CRC32()
    }

    /// All windows of one size.
    private struct Table {
        /// The window size in grains.
        let grains: Int
        let shift: CRC32Shift
        let halfShift: CRC32Shift
        /// The checksums of ``fillings``; such windows are not listed.
        let fillings: [UInt32]
        /// The checksum in the upper half, the index in ``sums`` where the window starts in the lower.
        var entries = SortedEntries()
        /// The stretch up to which windows are listed, and the index of the next window.
        var stretch = 0
        var next = 0
    }

    /// The most bytes that are added.
    package let limit: Int
    /// The number of bytes added.
    package private(set) var count = 0
    /// For each stretch: 0, then the checksum from its start to the end of each grain.
    private var sums: [UInt32] = []
    private var stretches: [Stretch] = []
    private var tables: [Int: Table] = [:]

    /// Knows only blank chunks at first.
    ///
    /// - Parameter limit: the most bytes of all sources together that are added, at most 2^42.
    package init(limit: Int = 4 << 30) {
        self.limit = min(max(0, limit), 1 << 42)
    }

    // MARK: Filling

    /// Adds bytes of a source.
    ///
    /// Bytes that continue the last ones join their stretch. All others begin a new stretch, and no window spans two
    /// stretches. So add sources one after another, each from start to end, and the current backup last.
    ///
    /// - Parameters:
    ///   - bytes: any number of them.
    ///   - source: the caller's number of the source.
    ///   - offset: from the start of the source; not negative.
    package mutating func add(_ bytes: some Collection<UInt8>, source: Int, offset: Int) {
        var rest = bytes[...]
        let isNext =
            stretches.last.map { $0.source == source && $0.start.plus($0.count) == offset } ?? false
        if !isNext {
            // Windows start only at multiples of the step, so the bytes before the first one are useless.
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

    /// Drops the last stretch, when another begins, if it is shorter than any window.
    private mutating func dropLastIfUseless() {
        guard let last = stretches.last, last.count < Self.step else { return }
        stretches.removeLast()
        sums.removeSubrange(last.first...)
        count -= last.count
    }

    // MARK: Finding

    /// Returns where a chunk's bytes may be found.
    ///
    /// The first request for a size lists all windows of that size, which takes some milliseconds for each 256 MiB;
    /// later ones add only what is new.
    ///
    /// - Parameters:
    ///   - size: of the chunk in bytes. If it is not a multiple of ``step``, only repeated bytes are found.
    ///   - sum: its CRC-32.
    ///   - half: the CRC-32 of its first `size / 2` bytes; without it, the result only says whether to request that.
    ///   - most: the most candidates to return.
    /// - Returns: the candidates: the repeated byte alone, or those added first come first. Empty if the content is
    ///   unknown.
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

    /// The table of a size, with all windows so far.
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

    /// The checksum of the bytes between two stored checksums of a stretch.
    private func sum(at place: Int, grains: Int, _ shift: CRC32Shift) -> UInt32 {
        shift.rest(of: sums[place + grains], behind: sums[place])
    }

    /// The candidate for a checksum's index.
    private func candidate(_ place: Int) -> Candidate? {
        // Find the last stretch that starts at or before the index.
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

/// Checksums with their positions, found by binary search.
///
/// New entries are sorted as a run of their own, and runs of similar length are merged, so that adding many small
/// batches costs little more than adding all at once.
private struct SortedEntries {
    /// Sorted runs, each at least twice as long as the next.
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

    /// The positions of a checksum, unordered.
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
