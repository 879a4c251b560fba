import FlashAccess
import FlashModel

extension FlashChecksumming {
    /// Returns the erase blocks whose checksums differ from the expected ones. It compares large runs first, then the
    /// blocks of those that differ.
    ///
    /// - Parameters:
    ///   - ranges: in bytes, in any coordinates that keep their order.
    ///   - block: the erase block size in bytes.
    ///   - run: the size of the runs that are compared first, in bytes, at least a block.
    ///   - onDevice: converts a range to bytes of the partition.
    ///   - expected: the checksum that a range should have.
    func differing(
        _ algorithm: ChecksumAlgorithm, _ partition: Partition, _ ranges: [Range<Int>], block: Int, run: Int,
        onDevice: (Range<Int>) -> Range<Int> = { $0 }, expected: (Range<Int>) throws -> Digest
    ) async throws -> [Range<Int>] {
        var suspects = ranges
        for size in [max(block, run / block * block), block] {
            let parts = suspects.flatMap { $0.cut(atMultiplesOf: size) }
            let onBoard = try await checksums(algorithm, of: partition, each: parts.map(onDevice))
            suspects = []
            for (part, digest) in zip(parts, onBoard) where try expected(part) != digest { suspects.append(part) }
        }
        return suspects
    }
}
