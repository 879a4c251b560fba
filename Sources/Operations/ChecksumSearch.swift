import FlashAccess
import FlashModel

extension FlashChecksumming {
    /// The erase blocks of ranges whose checksums are not the expected ones: first of large runs, then of their blocks.
    ///
    /// - Parameters:
    ///   - ranges: in any count of bytes that keeps their order.
    ///   - block: bytes of an erase block.
    ///   - run: bytes that are looked at together at first, at least a block.
    ///   - onDevice: where a part of the ranges is in the partition.
    ///   - expected: the checksum that a part should have.
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
