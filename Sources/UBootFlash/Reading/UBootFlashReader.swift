internal import BoardConsoles
internal import FlashAccess
internal import FlashModel

/// Reads the flash of a board at U-Boot's prompt, as found by one survey.
///
/// Reading changes nothing except unused RAM. Flash is either mapped into the address space or copied to RAM one erase
/// block at a time, because U-Boot's NAND reads skip bad blocks and would shift the rest. Its CRC-32 then shows whether
/// the bytes need to be transferred, and whether they arrived intact.
final class UBootFlashReader: FlashReading, FlashChecksumming {
    private let session: UBootSession
    private let store: ContentStore
    private let lineRate: UBootLineRate?
    private let transfers: UBootTransfers
    private let recovery: UBootRecovery
    private let survey: Survey
    private let facts: UBootFacts
    /// Makes flash readable as memory.
    private let staging: UBootStaging
    /// Reads over the line.
    private let printer: UBootMemoryPrinter
    /// Reads over the network.
    private let uploads: UBootUploadReader
    /// Reads what U-Boot prints from the chip itself.
    private let serialPrinter: UBootSerialPrinter
    /// The repeated lines at the last check.
    private var repeatedLines = 0

    /// The chunk size in bytes if erase blocks are smaller or of unknown size.
    private static let chunkSize = 64 << 10
    /// The bytes per CRC, so that none takes long.
    private static let checkSize = UBootStaging.size

    init(
        _ session: UBootSession, _ survey: Survey, _ facts: UBootFacts, _ staging: UBootStaging,
        _ printer: UBootMemoryPrinter, _ transfers: UBootTransfers, _ recovery: UBootRecovery, store: ContentStore,
        lineRate: UBootLineRate?
    ) {
        self.session = session
        self.survey = survey
        self.facts = facts
        self.staging = staging
        self.printer = printer
        self.transfers = transfers
        self.recovery = recovery
        self.store = store
        self.lineRate = lineRate
        uploads = UBootUploadReader(session, facts, transfers, recovery)
        serialPrinter = UBootSerialPrinter(session, recovery, transfers)
    }

    // MARK: Reading

    var readsOOB: Bool { survey.chips.contains { staging.readsOOB(of: $0) } }

    func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let chip = try chip(of: partition)
        guard staging.readsOOB(of: chip) else { throw noOOB(partition) }
        let base = partition.offset ?? 0
        let page = chip.pageSize
        let unit = page + chip.oobSize
        for range in ranges {
            // One erase block at a time, because one fits into RAM, and none of them is bad.
            let onChip = (base + range.lowerBound)..<(base + range.upperBound)
            for part in onChip.cut(atMultiplesOf: chunkSize(of: chip)) {
                let pages = part.lowerBound / page..<part.upperBound / page
                let first = (pages.lowerBound - base / page) * unit
                let units = first..<first + pages.count * unit
                let locate = { try await self.staging.locateWithOOB(pages, of: chip) }
                if let chunk = try await uploads.chunk(of: units, locate) {
                    try await each(chunk)
                    continue
                }
                let kept = DumpedLines()
                try await each(
                    try await recovery.surviving(achieved: { kept.taken }) {
                        try await transfers.prepareLine()
                        switch try await locate() {
                        case .at(let address):
                            return FlashChunk(
                                offset: first,
                                bytes: try await printer.bytesUnlessBlank(
                                    at: address, count: units.count, kept: kept))
                        case .unread(let why): return .unread(units, why)
                        }
                    })
            }
        }
    }

    private func noOOB(_ partition: Partition) -> FlashkeepError {
        FlashkeepError(
            .toolMissing, what: "The OOB bytes of \(PrintableText.escaped(partition.name)) cannot be read from U-Boot.",
            why: "This needs NAND, and a U-Boot that has nand read.raw or mtd read.raw.oob.",
            next: "Omit --oob, or back up from Linux.")
    }

    func read(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let chip = try chip(of: partition)
        let base = partition.offset ?? 0
        for range in ranges {
            let onChip = (base + range.lowerBound)..<(base + range.upperBound)
            guard facts.windows[chip.id] != .printed else {
                try await serialPrinter.read(onChip) { chunk in
                    try await each(FlashChunk(offset: chunk.offset - base, bytes: chunk.bytes))
                }
                continue
            }
            // The part before the first whole chunk is planned separately, so that no chunk spans two erase blocks.
            let size = chunkSize(of: chip)
            let whole = min(onChip.upperBound, (onChip.lowerBound + size - 1) / size * size)
            for part in [onChip.lowerBound..<whole, whole..<onChip.upperBound] where !part.isEmpty {
                try await read(part, of: chip, size: size) { chunk in
                    let findings = chunk.findings + staging.eccFindings(in: chunk.range, of: chip)
                    try await each(
                        FlashChunk(
                            offset: chunk.offset - base, bytes: chunk.bytes,
                            findings: findings.map { $0.shifted(by: -base) }))
                }
            }
        }
    }

    /// Reads a range of a chip: by uploads as far as possible, and the rest over the line.
    private func read(
        _ range: Range<Int>, of chip: Chip, size: Int,
        each: (FlashChunk) async throws -> Void
    ) async throws {
        var start = range.lowerBound
        // For NAND, whole erase blocks, because bad ones are skipped; otherwise large parts, because each upload must
        // first bring the link up.
        for part in range.cut(atMultiplesOf: chip.kind.isNAND ? size : max(size, Self.checkSize)) {
            let locate = { (part: Range<Int>) in try await self.staging.locate(part, of: chip) }
            guard let chunks = try await uploads.chunks(of: part, size: size, locate) else { break }
            for chunk in chunks { try await each(chunk) }
            start = part.upperBound
        }
        guard start < range.upperBound else { return }
        try await readOverLine(start..<range.upperBound, of: chip, size: size, each: each)
    }

    /// Reads a range of a chip over the line, in chunks. Known content is not transferred.
    private func readOverLine(
        _ range: Range<Int>, of chip: Chip, size: Int,
        each: (FlashChunk) async throws -> Void
    ) async throws {
        guard facts.hasChecksum else {
            for part in range.cut(atMultiplesOf: size) {
                try await each(try await printed(part, in: part, of: chip, sum: nil))
            }
            return
        }
        try await store.read(
            range, chunkSize: size,
            costs: ChunkPlan.Costs(dumpedLine: printer.charactersPerByte * 16 / 100), by: .crc32
        ) { part, chunk in
            try await recovery.surviving { () async throws -> UInt32? in
                guard case .at(let address) = try await staging.locate(chunk, of: chip),
                    let start = address.plus(part.lowerBound - chunk.lowerBound)
                else { return nil }
                return try await checksum(at: start, count: part.count)
            }
        } dump: { part, chunk, sum in
            try await printed(part, in: chunk, of: chip, sum: sum)
        } each: { chunk in
            try await each(chunk)
        }
    }

    /// A range of a chip as printed by U-Boot, or the replacement for it if it is unreadable.
    ///
    /// - Parameters:
    ///   - chunk: the part of the chip around the range that is made readable.
    ///   - sum: the range's CRC-32, if it is known.
    private func printed(
        _ range: Range<Int>, in chunk: Range<Int>, of chip: Chip, sum: UInt32?
    ) async throws -> FlashChunk {
        let kept = DumpedLines()
        return try await recovery.surviving(achieved: { kept.taken }) {
            try await transfers.prepareLine()
            switch try await staging.locate(chunk, of: chip) {
            case .at(let address):
                guard let start = address.plus(range.lowerBound - chunk.lowerBound) else {
                    throw UBootStaging.unreachable(chip)
                }
                let bytes = try await printer.bytes(at: start, count: range.count, sum: sum, kept: kept)
                let repeated = printer.repeatedLines - repeatedLines
                repeatedLines += repeated
                try await lineRate?.judge(dumped: (range.count + 15) / 16, repeated: repeated)
                return FlashChunk(offset: range.lowerBound, bytes: bytes)
            case .unread(let why): return .unread(range, why)
            }
        }
    }

    // MARK: Checksums

    /// What U-Boot prints from a chip never is in its memory, of which it computes checksums.
    var checksumAlgorithms: [ChecksumAlgorithm] {
        facts.hasChecksum && !facts.windows.values.contains(.printed) ? [.crc32] : []
    }

    func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest {
        guard algorithm == .crc32 else { throw noAlgorithm(algorithm) }
        let chip = try chip(of: partition)
        let base = partition.offset ?? 0
        let size = isMapped(chip) ? Self.checkSize : chunkSize(of: chip)
        var whole: UInt32 = 0
        for range in ranges {
            let onChip = (base + range.lowerBound)..<(base + range.upperBound)
            for part in onChip.cut(atMultiplesOf: size) {
                let sum = try await recovery.surviving { () async throws -> UInt32? in
                    guard case .at(let address) = try await staging.locate(part, of: chip) else { return nil }
                    return try await checksum(at: address, count: part.count)
                }
                guard let sum else {
                    throw FlashkeepError(
                        .unreadable, what: "A part of \(PrintableText.escaped(partition.name)) can no longer be read.",
                        why: "It could be read a moment ago; it is \(ByteCount.hex(part.lowerBound - base)) from the "
                            + "start.",
                        next: "Run the same command again; if it fails again, the flash is failing.")
                }
                whole = CRC32Shift(bytes: part.count).joined(whole, sum)
            }
        }
        return Digest(algorithm: .crc32, hex: Hexadecimal.text(whole))
    }

    func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest] {
        var digests: [Digest] = []
        for range in ranges { digests.append(try await checksum(algorithm, of: partition, ranges: [range])) }
        return digests
    }

    // MARK: Helpers

    private func checksum(at address: UInt64, count: Int) async throws -> UInt32 {
        try await session.checksum(at: address, count: count)
    }

    private func chip(of partition: Partition) throws -> Chip {
        guard let chip = survey.chip(partition.chip) else {
            throw FlashkeepError(
                .internalFault, what: "The chip of \(PrintableText.escaped(partition.name)) is unknown.",
                why: "It was not in the survey.", next: "Please report this.")
        }
        return chip
    }

    private func isMapped(_ chip: Chip) -> Bool {
        guard let window = facts.windows[chip.id] else { return false }
        return !window.isStaged
    }

    private func chunkSize(of chip: Chip) -> Int {
        chip.kind.isNAND ? max(1, chip.eraseBlockSize) : Self.chunkSize
    }

    private func noAlgorithm(_ algorithm: ChecksumAlgorithm) -> FlashkeepError {
        FlashkeepError(
            .internalFault, what: "U-Boot was asked for \(algorithm.rawValue).", why: "Only its crc32 is used.",
            next: "Please report this.")
    }
}
