internal import FlashAccess
internal import FlashModel

/// Reads partitions by `RETR`, and has their checksums computed by `CHECK`. Both are of whole partitions only.
///
/// Newer loaders refuse to send flash: what such a loader keeps to itself is *unread*, with its words. What a transfer did
/// not bring is fetched by another; bytes that came are not passed on again.
final class EVAFlashReader: FlashReading, FlashChecksumming {
    private let link: EVALink
    /// In bytes, by number.
    private let sizes: [Int: Int]
    private let canCheck: Bool
    /// The loader's words about the partitions that it does not send.
    private var refusals: [Int: String] = [:]
    private(set) var repeats = 0

    /// The most transfers of a partition for one request.
    private static let attempts = 5
    /// The most bytes of a chunk without content.
    private static let chunk = 1 << 20

    /// - Parameter canCheck: whether `CHECK` works.
    init(_ link: EVALink, _ survey: Survey, canCheck: Bool) {
        self.link = link
        sizes = Dictionary(survey.partitions.map { ($0.index, $0.size) }) { first, _ in first }
        self.canCheck = canCheck
    }

    private func known(_ partition: Partition) throws -> (name: EVAPartitionName, size: Int) {
        guard let name = EVAPartitionName(partition.index), let size = sizes[partition.index] else {
            throw FlashkeepError(
                .partitionVanished, what: "The loader has no \(partition.title).",
                why: "Its environment does not name it.",
                next: "Run the command again.")
        }
        return (name, size)
    }

    // MARK: Reading

    func read(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let (name, size) = try known(partition)
        var rest = ranges.filter { !$0.isEmpty }
        var lastCut: Int?
        var attempts = 0
        var unread = "it has only \(ByteCount.hex(size)) bytes"
        while !rest.isEmpty {
            if let words = refusals[partition.index] {
                unread = "the loader does not send it: \(words)"
                break
            }
            let end = try await transfer(name, size, &rest, each)
            switch end {
            case .complete: break
            case .refused(let words):
                refusals[partition.index] = PrintableText.escaped(words)
                continue
            case .cut(let offset, let why):
                repeats += 1
                attempts += 1
                unread = "\(PrintableText.escaped(why)) at \(ByteCount.hex(offset))"
                // What ends at one place twice ends there.
                if offset != lastCut, attempts < Self.attempts {
                    lastCut = offset
                    continue
                }
            }
            break
        }
        for range in rest {
            for part in range.cut(atMultiplesOf: Self.chunk) { try await each(.unread(part, unread)) }
        }
    }

    private func transfer(
        _ name: EVAPartitionName, _ size: Int, _ rest: inout [Range<Int>],
        _ each: (FlashChunk) async throws -> Void
    ) async throws -> EVATransferEnd {
        var wanted = rest
        defer { rest = wanted }
        do {
            return try await link.withSession { session in
                try await session.retrieve(name, size: size, data: link.data) { offset, bytes in
                    let came = offset..<offset + bytes.count
                    let parts = wanted.map { $0.clamped(to: came) }.filter { !$0.isEmpty }
                    wanted = wanted.removing(parts)
                    for part in parts {
                        try await each(
                            FlashChunk(offset: part.lowerBound, bytes: Array(bytes[part.shifted(by: -offset)])))
                    }
                }
            }
        } catch let error as FlashkeepError
            where [.connectionRefused, .hostUnreachable, .hostNotFound].contains(error.code)
        {
            // The control connection stands.
            throw FlashkeepError(
                .boardLost, what: "The loader's port for \(name.text) could not be reached.", why: error.why,
                next: "Switch off firewalls on this computer, and run the same command again.")
        }
    }

    // MARK: Checksums

    var checksumAlgorithms: [ChecksumAlgorithm] { canCheck ? [.crc32] : [] }
    let checksumsWholePartitions = true

    func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest {
        let (name, size) = try known(partition)
        guard canCheck, algorithm == .crc32, canChecksum(partition, ranges) else {
            throw FlashkeepError(
                .toolMissing, what: "The loader does not compute this checksum of \(partition.title).",
                why: canCheck ? "It has only the CRC-32 of whole partitions." : "It has no CHECK.",
                next: "Start the board's Linux, and use SSH or telnet.")
        }
        let result = try await link.withSession { session in try await session.check(name, size: size) }
        switch result {
        case .sum(let sum): return Digest(algorithm: .crc32, hex: Hexadecimal.text(sum))
        case .refused(let words):
            throw FlashkeepError(
                .commandFailed, what: "The loader does not compute the checksum of \(partition.title).",
                why: "It replies \"\(PrintableText.escaped(words))\".",
                next: "Start the board's Linux, and use SSH or telnet.")
        }
    }

    func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest] {
        var digests: [Digest] = []
        for range in ranges { digests.append(try await checksum(algorithm, of: partition, ranges: [range])) }
        return digests
    }

    // MARK: Without OOB

    let readsOOB = false

    func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let limit = AccessHints.eva.noOOB
        throw FlashkeepError(
            .toolMissing, what: "OOB bytes cannot be had from the loader.", why: limit.why, next: limit.next)
    }
}
