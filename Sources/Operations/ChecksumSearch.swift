import FlashAccess
import FlashModel

/// A checksum that the board computed over its flash.
struct BoardChecksum: Sendable, Hashable {
    /// In bytes, in the coordinates of whoever has it.
    var range: Range<Int>
    var digest: Digest
}

extension BoardChecksum {
    /// To start a checksum takes a small board about as long as to read this many bytes and to compute theirs: 3.4 ms
    /// of 120 ms/MiB on the lab's board.
    static let costOfStart = 32 << 10
}

/// What a search by checksums found.
struct ChecksumFindings: Sendable {
    /// The erase blocks, or parts of them, whose checksums differ from the expected ones; in the search's coordinates.
    var differing: [Range<Int>] = []
    /// The checksums that were as expected, of ranges that do not overlap; in the search's coordinates.
    var equal: [BoardChecksum] = []
    /// The checksums of ``differing``.
    var other: [BoardChecksum] = []
}

extension FlashChecksumming {
    /// Searches for erase blocks whose checksums differ from the expected ones. It compares large runs first, then the
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
    ) async throws -> ChecksumFindings {
        var findings = ChecksumFindings()
        findings.differing = ranges
        for size in [max(block, run / block * block), block] {
            let parts = findings.differing.flatMap { $0.cut(atMultiplesOf: size) }
            let onBoard = try await checksums(algorithm, of: partition, each: parts.map(onDevice))
            (findings.differing, findings.other) = ([], [])
            for (part, digest) in zip(parts, onBoard) {
                if try expected(part) == digest {
                    findings.equal.append(BoardChecksum(range: part, digest: digest))
                } else {
                    findings.differing.append(part)
                    findings.other.append(BoardChecksum(range: part, digest: digest))
                }
            }
        }
        return findings
    }
}
