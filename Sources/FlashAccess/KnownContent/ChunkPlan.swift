import FlashModel

/// Decides, chunk by chunk, what to request from a bootloader over a slow line: a checksum or the bytes. Pure.
///
/// First comes the checksum of a chunk. If ``KnownContent`` knows it, the checksum of the first half confirms the
/// match, and the bytes need not be transferred. If not, the chunk is split, as long as there is a smaller size and
/// splitting pays. Each split saves one request, since the checksum of the last part follows from those of the whole
/// and the other parts. What remains unknown is dumped, together with the checksum that the dump must have.
///
/// Call ``next(_:)``, perform the step, and answer it:
///
/// | step | answer |
/// | --- | --- |
/// | ``Step/checksum(_:)`` | ``answer(_:)`` |
/// | ``Step/known(_:candidates:sum:half:)`` | ``settle(isKnown:)`` |
/// | ``Step/dump(_:sum:)`` | ``dumped()`` |
///
/// Until it is answered, ``next(_:)`` returns the same step, so nothing is lost if the connection is. Dumped and known
/// ranges come in ascending order and cover each byte of the range once. The caller adds them to the ``KnownContent``
/// as they come, so that content found twice on a chip is transferred once.
package struct ChunkPlan: Sendable {
    /// The next step.
    package enum Step: Sendable, Hashable {
        /// Request the CRC-32 of these bytes.
        case checksum(Range<Int>)
        /// These bytes are those of a candidate that has both checksums: of all bytes, and of the first half, rounded
        /// down.
        case known(Range<Int>, candidates: [KnownContent.Candidate], sum: UInt32, half: UInt32)
        /// Dump these bytes. If their CRC-32 is known, compare the result with it.
        case dump(Range<Int>, sum: UInt32?)
    }

    /// Transfer costs, in characters that the board sends, or as the equivalent in time.
    package struct Costs: Sendable, Hashable {
        /// One `crc32` command: its echo, the reply and the prompt, 75 to 100 characters; more if the line is fast and
        /// each turn takes milliseconds.
        package var question: Int
        /// 16 bytes in a dump: 65 characters for `md.l` of U-Boot 2021.10 and later, 67 before.
        package var dumpedLine: Int

        package init(question: Int = 100, dumpedLine: Int = 65) {
            self.question = max(1, question)
            self.dumpedLine = max(1, dumpedLine)
        }

        /// The cost of dumping this many bytes.
        func dump(_ bytes: Int) -> Int { (bytes / 16 + 1).times(dumpedLine) ?? .max }
    }

    /// The sizes of chunks and their parts in bytes, descending, each a divisor of the one before.
    package let sizes: [Int]
    package let costs: Costs
    /// The most unknown chunks that are dumped whole after futile splits, before splitting is tried again.
    package static let longestPause = 16

    /// The bytes that are not in a chunk yet.
    private var rest: Range<Int>
    /// The current chunk.
    private var chunk: Range<Int>
    /// The undecided parts of the current chunk, the first one last.
    private var pieces: [Range<Int>] = []
    /// The checksums from the start of the current chunk to these offsets.
    private var sums: [Int: UInt32] = [:]
    /// A range to dump that was not returned yet, as it may grow.
    private var unsaid: Range<Int>?
    /// The last step returned, if it has not been answered.
    private var open: Step?

    // Experience of whether splitting pays.

    /// The number of unknown chunks that will not be split before the next try.
    private var pause = 0
    /// The length of the last pause; each futile try doubles it, up to ``longestPause``.
    private var lastPause = 0
    /// Whether the current chunk was split, the requests that took, and the bytes that it saved.
    private var isCut = false
    private var questions = 0
    private var spared = 0

    /// Plans a range.
    ///
    /// - Parameters:
    ///   - range: in bytes, as the caller counts them: offsets on a chip or addresses. Stored content is found if the
    ///     range starts at a multiple of 4 KiB of the stored content, or of what that was copied from.
    ///   - sizes: of chunks and their parts; sizes that are not positive or do not divide the one before are ignored.
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

    /// Returns the next step; nil when every byte is decided.
    ///
    /// - Parameter known: the content known by now; it indexes windows of a size at the first request for that size.
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

    /// Answers a request for a checksum.
    ///
    /// - Parameter sum: the board's answer; nil if it has none. Then the rest of the chunk is dumped.
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

    /// Answers whether a candidate's bytes are available and have both checksums. If not, the bytes are requested.
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

    /// Decides the last part: known, split, or to be dumped; or requests a checksum first.
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
            // Return the earlier range first.
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

    /// The checksum of a range of the chunk, if those at its ends are known.
    private func sum(of range: Range<Int>) -> UInt32? {
        guard let before = sums[range.lowerBound], let whole = sums[range.upperBound] else { return nil }
        return CRC32Shift(bytes: range.count).rest(of: whole, behind: before)
    }

    /// Splits a part, or leaves it to be dumped.
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

    /// Whether finding a part of this size saves clearly more than its requests cost.
    private func pays(_ size: Int) -> Bool {
        costs.dump(size) >= costs.question.times(4) ?? .max
    }

    /// Whether the current chunk may be split. The first unknown part of a chunk is the whole chunk, and decides.
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

    /// Learns from a chunk whether splitting paid.
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
