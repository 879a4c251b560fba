internal import BoardConsoles
internal import FlashAccess
internal import FlashModel

/// Reads the flash of a board at RedBoot's prompt, as found by one survey.
///
/// Flash is mapped into the address space, and reading it changes nothing. The board's `cksum` shows whether the bytes
/// need to be transferred, and whether they arrived intact.
final class RedBootFlashReader: FlashReading, FlashChecksumming {
    private let session: RedBootSession
    private let survey: Survey
    private let facts: RedBootFacts
    private let printer: RedBootMemoryPrinter
    private let recovery: RedBootRecovery
    private let store: ContentStore

    /// The chunk size in bytes.
    private static let chunkSize = 64 << 10
    /// The bytes per checksum, so that none takes long.
    private static let checkSize = 1 << 20
    /// The characters of one `cksum` command: its echo, the reply and the prompt.
    private static let question = 110

    init(
        _ session: RedBootSession, _ survey: Survey, _ facts: RedBootFacts, _ printer: RedBootMemoryPrinter,
        _ recovery: RedBootRecovery, store: ContentStore
    ) {
        self.session = session
        self.survey = survey
        self.facts = facts
        self.printer = printer
        self.recovery = recovery
        self.store = store
    }

    // MARK: Reading

    var readsOOB: Bool { false }

    func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        throw FlashkeepError(
            .toolMissing,
            what: "The OOB bytes of \(PrintableText.escaped(partition.name)) cannot be read from RedBoot.",
            why: "It has no command for them.", next: "Omit --oob, or back up from Linux.")
    }

    func read(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let base = try base(of: partition)
        let offset = try offset(of: partition)
        for range in ranges {
            let onChip = range.shifted(by: offset)
            // The part before the first whole chunk is planned separately, so that chunks are those of other backups.
            let whole = min(
                onChip.upperBound, (onChip.lowerBound + Self.chunkSize - 1) / Self.chunkSize * Self.chunkSize)
            for part in [onChip.lowerBound..<whole, whole..<onChip.upperBound] where !part.isEmpty {
                try await read(part, from: base) { chunk in
                    try await each(FlashChunk(offset: chunk.offset - offset, bytes: chunk.bytes))
                }
            }
        }
    }

    /// Reads a range of a chip. Known content is not transferred.
    ///
    /// - Parameter base: the address of the chip.
    func read(_ range: Range<Int>, from base: UInt64, each: (FlashChunk) async throws -> Void) async throws {
        guard facts.hasChecksum else {
            for part in range.cut(atMultiplesOf: Self.chunkSize) {
                try await each(try await printed(part, from: base, sum: nil))
            }
            return
        }
        try store.index(by: .cksum)
        try await store.read(
            range, chunkSize: Self.chunkSize,
            costs: ChunkPlan.Costs(question: Self.question, dumpedLine: printer.format.cost * 16 / 100), by: .cksum
        ) { part, _ in
            try await recovery.surviving {
                try await session.key(at: try Self.address(base, part.lowerBound), count: part.count)
            }
        } dump: { part, _, sum in
            try await printed(part, from: base, sum: sum)
        } each: { chunk in
            try await each(chunk)
        }
    }

    private func printed(_ range: Range<Int>, from base: UInt64, sum: UInt32?) async throws -> FlashChunk {
        let kept = DumpedLines()
        return try await recovery.surviving(achieved: { kept.taken }) {
            FlashChunk(
                offset: range.lowerBound,
                bytes: try await printer.bytes(
                    at: try Self.address(base, range.lowerBound), count: range.count, sum: sum, kept: kept))
        }
    }

    // MARK: Checksums

    var checksumAlgorithms: [ChecksumAlgorithm] { facts.hasChecksum ? [.cksum] : [] }

    func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest {
        guard algorithm == .cksum else { throw noAlgorithm(algorithm) }
        let base = try base(of: partition)
        let offset = try offset(of: partition)
        var whole: UInt32 = 0
        for part in ranges.flatMap({ $0.shifted(by: offset).cut(atMultiplesOf: Self.checkSize) }) {
            let key = try await recovery.surviving {
                try await session.key(at: try Self.address(base, part.lowerBound), count: part.count)
            }
            whole = CRC32Shift(bytes: part.count).joined(whole, key)
        }
        return Digest(
            algorithm: .cksum, hex: Hexadecimal.text(POSIXChecksum.sum(mirrored: whole, count: ranges.total)))
    }

    func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest] {
        var digests: [Digest] = []
        for range in ranges { digests.append(try await checksum(algorithm, of: partition, ranges: [range])) }
        return digests
    }

    // MARK: Helpers

    /// The address of a partition's chip.
    private func base(of partition: Partition) throws -> UInt64 {
        guard let base = facts.base(of: partition.chip) else {
            throw FlashkeepError(
                .internalFault, what: "The chip of \(PrintableText.escaped(partition.name)) is unknown.",
                why: "It was not in the survey.", next: "Please report this.")
        }
        return base
    }

    private func offset(of partition: Partition) throws -> Int {
        guard let offset = partition.offset else {
            throw FlashkeepError(
                .internalFault, what: "The place of \(PrintableText.escaped(partition.name)) is unknown.",
                why: "It was not in the survey.", next: "Please report this.")
        }
        return offset
    }

    private static func address(_ base: UInt64, _ offset: Int) throws -> UInt64 {
        guard let address = base.plus(offset) else { throw RedBootCommandFault.badRange }
        return address
    }

    private func noAlgorithm(_ algorithm: ChecksumAlgorithm) -> FlashkeepError {
        FlashkeepError(
            .internalFault, what: "RedBoot was asked for \(algorithm.rawValue).", why: "It has cksum alone.",
            next: "Please report this.")
    }
}
