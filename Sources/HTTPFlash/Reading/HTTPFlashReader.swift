internal import FlashAccess
internal import FlashModel
private import Synchronization

/// Reads partitions from a web server, as streams.
///
/// If the server supports ranges, only the missing bytes are requested; otherwise the whole partition is read again, and the
/// rest is discarded. A connection that breaks is opened again at that offset. If it ends at the same offset twice, the
/// server has no more, which is an error that names the offset.
final class HTTPFlashReader: FlashReading, FlashChecksumming, Sendable {
    private let client: WebClient
    /// By MTD number.
    private let sources: [Int: any DumpSource]
    private let repeated = Mutex(0)

    /// How often a connection may break in a row with less progress between, in bytes.
    private static let (attempts, progress) = (5, 1 << 20)
    /// The most bytes of a chunk without content.
    private static let chunk = 1 << 20

    init(_ client: WebClient, _ sources: [Int: any DumpSource]) {
        self.client = client
        self.sources = sources
    }

    /// The number of repeated requests.
    var repeats: Int { repeated.withLock { $0 } }

    // MARK: Without tools on the board

    let checksumAlgorithms: [ChecksumAlgorithm] = []
    let readsOOB = false

    func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest { throw Self.impossible("Checksums") }

    func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest] { throw Self.impossible("Checksums") }

    func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws { throw Self.impossible("OOB bytes") }

    private static func impossible(_ what: String) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "\(what) cannot be had from web pages.", why: "They give only the data of partitions.",
            next: "Read the board over SSH.")
    }

    // MARK: Reading

    func read(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        guard let source = sources[partition.index] else {
            throw FlashkeepError(
                .partitionVanished, what: "\(partition.title) cannot be read from the page.",
                why: "The page has no file of it that can be used.",
                next: "Make the dump again, or leave the partition out with --only.")
        }
        let rest = ReadRest(ranges)
        var last: Break?
        var breaks = 0
        while let wanted = source.avoidsBadBlocks ? rest.ranges.first : rest.span, wanted.lowerBound < source.size {
            let before = rest.ranges.total
            let end = try await stream(source, wanted.clamped(to: 0..<source.size), rest, each: each)
            guard let end else { continue }
            repeated.withLock { $0 += 1 }
            // What ends at one place twice ends there.
            if let last, last.offset == end.offset {
                guard let step = source.unreadStep else { throw source.truncated(at: end.offset, why: end.why) }
                let next = end.offset.plus(step) ?? source.size
                for part in rest.take(end.offset..<max(next - next % max(1, step), end.offset + 1)) {
                    try await each(.unread(part, source.truncated(at: end.offset, why: end.why).why))
                }
                breaks = 0
                continue
            }
            // What came a second time is no progress.
            breaks = before - rest.ranges.total > Self.progress ? 1 : breaks + 1
            guard breaks <= Self.attempts else { throw Self.lost(source, at: end.offset, end.why) }
            last = end
        }
        // The dump is shorter than the partition.
        while let start = rest.ranges.first?.lowerBound {
            for piece in rest.take(start..<(start.plus(Self.chunk) ?? .max)) {
                try await each(.unread(piece, "\(source.title) ends at \(ByteCount.hex(source.size))"))
            }
        }
    }

    /// Where a body ended too early.
    private struct Break: Sendable {
        /// In bytes from the start of the partition.
        var offset: Int
        /// The library's words; empty if the server ended it in order.
        var why: String
    }

    /// Sends one request and passes on what is wanted of the reply.
    ///
    /// - Returns: where the body ended although more was to come; nil if it did not, or if it must be asked for again.
    private func stream(
        _ source: any DumpSource, _ asked: Range<Int>, _ rest: ReadRest, each: (FlashChunk) async throws -> Void
    ) async throws -> Break? {
        let request = try await source.request(asked)
        do {
            return try await client.withReply(request) { transfer, head in
                let accepted = try await source.accept(
                    head, to: asked, mayRenew: rest.mayRenew, words: { try await Self.words(of: transfer) })
                switch accepted {
                case .again:
                    rest.mayRenew = false
                    return nil
                case .bytes(let start, let mayBePage):
                    return try await self.take(
                        transfer, source, from: start, upTo: asked.upperBound, mayBePage: mayBePage, rest, each: each)
                }
            }
        } catch let error as FlashkeepError
            where [.connectionRefused, .hostUnreachable, .hostNotFound].contains(error.code)
        {
            // It answered before.
            throw Self.lost(source, at: asked.lowerBound, error.why)
        }
    }

    private static func lost(_ source: any DumpSource, at offset: Int, _ why: String) -> FlashkeepError {
        FlashkeepError(
            .boardLost, what: "The board was lost at \(ByteCount.hex(offset)) of \(source.title).",
            why: why.isEmpty ? "It ended the transfer early." : why,
            next: "Check that it is still running, and run the same command again.")
    }

    /// The first words of a reply.
    private static func words(of transfer: HTTPTransfer) async throws -> String {
        var bytes: [UInt8] = []
        while bytes.count < 2_000, case .bytes(let piece) = try await transfer.next() { bytes += piece }
        return WebText.words(bytes)
    }

    private func take(
        _ transfer: HTTPTransfer, _ source: any DumpSource, from start: Int, upTo end: Int, mayBePage: Bool,
        _ rest: ReadRest, each: (FlashChunk) async throws -> Void
    ) async throws -> Break? {
        var offset = start
        var sum = StreamingChecksum(.crc32)
        var mayBePage = mayBePage
        defer { client.transcript.ended(flash: offset - start, sum.finalize()) }
        while true {
            switch try await transfer.next() {
            case .bytes(let bytes):
                if mayBePage, HTMLText.looksLikePage(bytes) { throw source.pageInstead() }
                mayBePage = false
                // A session that gave something may end later, and be renewed again.
                rest.mayRenew = true
                guard let next = offset.plus(bytes.count), next <= source.size else { throw source.tooLong() }
                sum.update(bytes)
                client.transcript.received(flash: bytes)
                let came = offset
                offset = next
                for part in rest.take(came..<next) {
                    let wanted = bytes[(part.lowerBound - came)..<(part.upperBound - came)]
                    try await each(FlashChunk(offset: part.lowerBound, bytes: Array(wanted)))
                }
                // The end of the partition is waited for: a server that gives no length may have more than it should.
                if offset >= end, end < source.size { return nil }
            case .end: return offset >= end ? nil : Break(offset: offset, why: "")
            case .cut(let why): return offset >= end ? nil : Break(offset: offset, why: why)
            }
        }
    }
}

/// What is still to be read of a partition.
final class ReadRest {
    /// In bytes from the start of the partition, ascending.
    private(set) var ranges: [Range<Int>]
    /// Whether a session may be renewed.
    var mayRenew = true

    init(_ ranges: [Range<Int>]) {
        self.ranges = ranges.filter { !$0.isEmpty }
    }

    /// From the first byte to the last one; nil if there is none.
    var span: Range<Int>? {
        guard let first = ranges.first, let last = ranges.last, first.lowerBound < last.upperBound else { return nil }
        return first.lowerBound..<last.upperBound
    }

    /// Takes what is wanted of a range that came, and no longer wants it.
    func take(_ came: Range<Int>) -> [Range<Int>] {
        let wanted = ranges.map { $0.clamped(to: came) }.filter { !$0.isEmpty }
        if !wanted.isEmpty { ranges = ranges.removing(wanted) }
        return wanted
    }
}
