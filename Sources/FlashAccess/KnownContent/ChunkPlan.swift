import FlashModel

/// Decides, chunk by chunk, what to ask a bootloader for over a slow line: a checksum, or the bytes. Pure.
///
/// A chunk's sum is asked first. Where ``KnownContent`` knows it, the sum of its first half confirms that, and the bytes
/// need not cross. Where it does not, the chunk is cut, as long as there is a smaller size and it pays: each cut is one
/// question, since the sum of the last piece follows from those of the whole and the others. What remains unknown is to
/// be dumped, with the sum that the dump must have.
///
/// Ask ``next(_:)``, do what it says, and answer:
///
/// | step | answer |
/// | --- | --- |
/// | ``Step/checksum(_:)`` | ``answer(_:)`` |
/// | ``Step/known(_:candidates:sum:half:)`` | ``settle(isKnown:)`` |
/// | ``Step/dump(_:sum:)`` | ``dumped()`` |
///
/// Until it is answered, the same step is given again: so a line that was lost costs nothing. Dumped and known ranges
/// come in ascending order and cover each byte of the range once. The caller adds them to the ``KnownContent`` as they
/// come, so that what is twice on a chip crosses once.
package struct ChunkPlan: Sendable {
    /// What to do next.
    package enum Step: Sendable, Hashable {
        /// Ask for the CRC-32 of these bytes.
        case checksum(Range<Int>)
        /// These bytes are at one of the candidates, if it has these sums: of all of it, and of its first half, rounded
        /// down.
        case known(Range<Int>, candidates: [KnownContent.Candidate], sum: UInt32, half: UInt32)
        /// Have these bytes sent. Their CRC-32 is told where it is known: what arrives is compared with it.
        case dump(Range<Int>, sum: UInt32?)
    }

    /// What crossing costs, in characters that the board sends, or as much time as they take.
    package struct Costs: Sendable, Hashable {
        /// A `crc32` line: its echo, the reply and the prompt, 75 to 100 characters; more where the line is fast and
        /// each turn takes milliseconds.
        package var question: Int
        /// 16 bytes in a dump: 65 characters as `md.l` of U-Boot 2021.10 and later, 67 before.
        package var dumpedLine: Int

        package init(question: Int = 100, dumpedLine: Int = 65) {
            self.question = max(1, question)
            self.dumpedLine = max(1, dumpedLine)
        }

        /// Of so many bytes in a dump.
        func dump(_ bytes: Int) -> Int { (bytes / 16 + 1).times(dumpedLine) ?? .max }
    }

    /// Sizes of chunks and of the pieces that they are cut into, descending, each a divisor of the one before. Bytes.
    package let sizes: [Int]
    package let costs: Costs
    /// After fruitless cuts at most so many unknown chunks are dumped uncut before cutting is tried again.
    package static let longestPause = 16

    /// What no chunk was made of yet.
    private var rest: Range<Int>
    /// The present chunk.
    private var chunk: Range<Int>
    /// Its pieces that are not decided yet, the first one last.
    private var pieces: [Range<Int>] = []
    /// The sums of the chunk's bytes from its start to these places.
    private var sums: [Int: UInt32] = [:]
    /// Decided to be dumped, but not yet said: it may grow.
    private var unsaid: Range<Int>?
    /// What was said last and not answered yet.
    private var open: Step?

    // Whether cutting pays, by experience.

    /// Unknown chunks that will not be cut before the next trial.
    private var pause = 0
    /// How long the last pause was; doubled by each fruitless trial, up to ``longestPause``.
    private var lastPause = 0
    /// Whether the present chunk was cut, the questions that took, and the bytes that it spared.
    private var isCut = false
    private var questions = 0
    private var spared = 0

    /// Plans a range.
    ///
    /// - Parameters:
    ///   - range: bytes, as the caller counts them: offsets on a chip or addresses. Sums of stored content are found
    ///     where the range starts at a multiple of 4 KiB of what was stored, or of what it was copied from.
    ///   - sizes: of chunks and pieces; those that are not positive, or no divisor of the one before, are left out.
    package init(
        _ range: Range<Int>, sizes: [Int] = [65536, 32768, 16384, 8192, 4096], costs: Costs = Costs()
    ) {
        var usable: [Int] = []
        for size in sizes where size > 0 && (usable.last.map { $0 > size && $0 % size == 0 } ?? true) {
            usable.append(size)
        }
        self.sizes = usable.isEmpty ? [KnownContent.step] : usable
        self.costs = costs
        rest = range
        chunk = range.lowerBound..<range.lowerBound
    }

    // MARK: Asking

    /// What to do next; nil when each byte is decided.
    ///
    /// - Parameter known: what is known by now; it lists windows of a size when that is first asked for.
    package mutating func next(_ known: inout KnownContent) -> Step? {
        while open == nil {
            if let piece = pieces.last {
                decide(piece, &known)
            } else if let range = unsaid {
                unsaid = nil
                open = .dump(range, sum: sum(of: range))
            } else {
                finishChunk()
                guard !rest.isEmpty else { return nil }
                startChunk()
            }
        }
        return open
    }

    /// Answers a question for a checksum.
    ///
    /// - Parameter sum: as the board told; nil where it could not tell. Then what is left of the chunk is dumped.
    package mutating func answer(_ sum: UInt32?) {
        guard case .checksum(let range) = open else { return }
        open = nil
        guard let sum, let before = sums[range.lowerBound] else {
            let left = pieces.reversed()
            pieces = []
            for piece in left { dumpLater(piece) }
            return
        }
        sums[range.upperBound] = CRC32Shift(bytes: range.count).joined(before, sum)
    }

    /// Answers whether the bytes of one of the candidates are at hand and have both sums. If not, they are asked for.
    package mutating func settle(isKnown: Bool) {
        guard case .known(let range, _, _, _) = open else { return }
        open = nil
        if isKnown {
            spared += range.count
        } else {
            treatAsUnknown(range)
        }
    }

    /// Answers that a range was dumped.
    package mutating func dumped() {
        guard case .dump = open else { return }
        open = nil
    }

    // MARK: Deciding

    private mutating func startChunk() {
        let size = min(rest.count, sizes.first ?? rest.count)
        chunk = rest.lowerBound..<(rest.lowerBound + size)
        rest = chunk.upperBound..<rest.upperBound
        pieces = [chunk]
        sums = [chunk.lowerBound: 0]
    }

    /// Takes the last piece: it is known, or cut, or to be dumped; or a question comes first.
    private mutating func decide(_ piece: Range<Int>, _ known: inout KnownContent) {
        guard let sum = sum(of: piece) else { return ask(piece) }
        guard !known.candidates(size: piece.count, sum: sum, most: 1).isEmpty else {
            pieces.removeLast()
            return treatAsUnknown(piece)
        }
        let firstHalf = piece.lowerBound..<(piece.lowerBound + piece.count / 2)
        guard let half = self.sum(of: firstHalf) else { return ask(firstHalf) }
        let candidates = known.candidates(size: piece.count, sum: sum, half: half)
        if candidates.isEmpty {
            pieces.removeLast()
            treatAsUnknown(piece)
        } else if let range = unsaid {
            // What comes before is said before.
            unsaid = nil
            open = .dump(range, sum: self.sum(of: range))
        } else {
            pieces.removeLast()
            open = .known(piece, candidates: candidates, sum: sum, half: half)
        }
    }

    private mutating func ask(_ range: Range<Int>) {
        if isCut { questions += 1 }
        open = .checksum(range)
    }

    /// The sum of a range of the chunk, where those at its ends are known.
    private func sum(of range: Range<Int>) -> UInt32? {
        guard let before = sums[range.lowerBound], let whole = sums[range.upperBound] else { return nil }
        return CRC32Shift(bytes: range.count).rest(of: whole, behind: before)
    }

    /// Cuts a piece, or leaves it to be dumped.
    private mutating func treatAsUnknown(_ piece: Range<Int>) {
        guard let size = sizes.first(where: { $0 < piece.count }), pays(size), mayCut() else {
            return dumpLater(piece)
        }
        var start = piece.lowerBound
        var parts: [Range<Int>] = []
        while start < piece.upperBound {
            let end = min(start + size, piece.upperBound)
            parts.append(start..<end)
            start = end
        }
        pieces += parts.reversed()
    }

    /// Whether finding a piece of this size spares clearly more than the questions for it cost.
    private func pays(_ size: Int) -> Bool {
        costs.dump(size) >= costs.question.times(4) ?? .max
    }

    /// Whether the present chunk may be cut. The first unknown piece of a chunk is the chunk: it decides.
    private mutating func mayCut() -> Bool {
        if isCut { return true }
        if pause > 0 {
            pause -= 1
            return false
        }
        isCut = true
        spared = 0
        return true
    }

    private mutating func dumpLater(_ piece: Range<Int>) {
        unsaid = (unsaid?.lowerBound ?? piece.lowerBound)..<piece.upperBound
    }

    /// Learns from a chunk whether cutting paid.
    private mutating func finishChunk() {
        guard isCut else { return }
        if spared > 0, costs.dump(spared) > questions.times(costs.question) ?? .max {
            lastPause = 0
        } else {
            lastPause = min(max(1, 2 * lastPause), Self.longestPause)
        }
        pause = lastPause
        isCut = false
        questions = 0
    }
}
