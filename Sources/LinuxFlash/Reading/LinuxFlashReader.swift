internal import FlashAccess
internal import FlashModel

/// Reads flash through a Linux shell.
///
/// It reads only the character devices, which return the bytes of a bad or damaged block instead of failing, and learns
/// from its counters what the ECC did (Linux `drivers/mtd/mtdchar.c`, `drivers/mtd/mtdcore.c`).
struct LinuxFlashReader: FlashReading, FlashChecksumming {
    private let frames: LinuxFrameReader
    private let digests: LinuxChecksums
    private let toolbox: LinuxToolbox

    init(_ frames: LinuxFrameReader, _ digests: LinuxChecksums, _ toolbox: LinuxToolbox) {
        self.frames = frames
        self.digests = digests
        self.toolbox = toolbox
    }

    func read(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        try await frames.read(partition, ranges, source: .data, each: each)
    }

    var readsOOB: Bool { frames.readsOOB }

    func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws {
        try await frames.read(partition, ranges, source: .pagesWithOOB, each: each)
    }

    var checksumAlgorithms: [ChecksumAlgorithm] { toolbox.checksumAlgorithms }

    func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest {
        try await digests.checksum(algorithm, of: partition, ranges: ranges)
    }

    func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest] {
        try await digests.checksums(algorithm, of: partition, each: ranges)
    }
}
