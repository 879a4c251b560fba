package import FlashAccess
package import FlashModel

/// Reads the flash of a board at its bootloader's prompt, chip by chip, as found by one survey.
package final class LoaderFlashReader: FlashReading, FlashChecksumming {
    private let session: LoaderSession
    private let survey: Survey
    private let chips: [Chip.ID: any LoaderChipReading]

    /// The bytes per checksum, so that none takes long.
    private static let checkSize = 1 << 20

    /// - Parameter chips: the chips that can be read.
    package init(_ session: LoaderSession, _ survey: Survey, _ chips: [Chip.ID: any LoaderChipReading]) {
        self.session = session
        self.survey = survey
        self.chips = chips
    }

    // MARK: Reading

    package var readsOOB: Bool { chips.values.contains { $0.readsOOB } }

    package func read(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let (chip, base) = try place(of: partition)
        for range in ranges where !range.isEmpty {
            try await chip.read(range.shifted(by: base)) { try await each($0.shifted(by: -base)) }
        }
    }

    package func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        let (chip, base) = try place(of: partition)
        guard chip.readsOOB, partition.pageSize > 0 else {
            throw FlashkeepError(
                .toolMissing,
                what: "The OOB bytes of \(PrintableText.escaped(partition.name)) cannot be read from "
                    + "\(session.dialect.name).", why: "It has no command for them.",
                next: "Omit --oob, or back up from Linux.")
        }
        let start = base / partition.pageSize * (partition.pageSize + partition.oobSize)
        for range in ranges where !range.isEmpty {
            try await chip.readWithOOB(range.shifted(by: base)) { try await each($0.shifted(by: -start)) }
        }
    }

    // MARK: Checksums

    package var checksumAlgorithms: [ChecksumAlgorithm] {
        !chips.isEmpty && chips.values.allSatisfy({ $0.checksum != nil }) ? [.crc32] : []
    }

    package func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest {
        let (chip, base) = try place(of: partition)
        guard algorithm == .crc32, let checksum = chip.checksum else {
            throw FlashkeepError(
                .internalFault, what: "\(session.dialect.name) was asked for \(algorithm.rawValue).",
                why: "It does not compute that.", next: "Please report this.")
        }
        var whole: UInt32 = 0
        for part in ranges.flatMap({ $0.shifted(by: base).cut(atMultiplesOf: Self.checkSize) }) {
            guard let sum = try await session.surviving({ try await checksum.crc32(part) }) else {
                throw FlashkeepError(
                    .unreadable, what: "\(session.dialect.name) computes no checksum of \(partition.title).",
                    why: "It can no longer read the flash between \(ByteCount.hex(part.lowerBound)) and "
                        + "\(ByteCount.hex(part.upperBound)).",
                    next: "Run the same command again; if it fails again, the flash is failing.")
            }
            whole = CRC32Shift(bytes: part.count).joined(whole, sum)
        }
        return Digest(algorithm: .crc32, hex: Hexadecimal.text(whole))
    }

    package func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest] {
        var digests: [Digest] = []
        for range in ranges { digests.append(try await checksum(algorithm, of: partition, ranges: [range])) }
        return digests
    }

    // MARK: Helpers

    /// A partition's chip, and where on it the partition begins.
    private func place(of partition: Partition) throws -> (chip: any LoaderChipReading, base: Int) {
        guard let chip = chips[partition.chip], let base = partition.chipRange?.lowerBound else {
            throw FlashkeepError(
                .toolMissing, what: "\(PrintableText.escaped(partition.name)) cannot be read.",
                why: "\(session.dialect.name) has no command that prints its chip.",
                next: "Read it from Linux, or with a programmer.")
        }
        return (chip, base)
    }
}

extension FlashChunk {
    fileprivate func shifted(by distance: Int) -> FlashChunk {
        FlashChunk(offset: offset + distance, bytes: bytes, findings: findings.map { $0.shifted(by: distance) })
    }
}
