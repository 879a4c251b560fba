package import FlashModel

// The operations on a board's flash, independent of the access method. Code in Operations uses only these protocols;
// each access method implements those it can, and all of them pass one contract test suite.

/// A part of a partition, as read.
package struct FlashChunk: Sendable {
    /// The offset in bytes from the start of the partition.
    package var offset: Int
    /// The bytes read; 0xFF where a finding says `unread`.
    package var bytes: [UInt8]
    /// The blocks that are not simply good, with offsets from the start of the partition.
    package var findings: [BlockFinding]

    package init(offset: Int, bytes: [UInt8], findings: [BlockFinding] = []) {
        self.offset = offset
        self.bytes = bytes
        self.findings = findings
    }

    /// The byte range in the partition.
    package var range: Range<Int> { offset..<(offset + bytes.count) }

    /// A chunk of bytes that could not be read: filled with 0xFF, with a finding.
    ///
    /// - Parameter why: the reason, in words.
    package static func unread(_ range: Range<Int>, _ why: String) -> FlashChunk {
        FlashChunk(
            offset: range.lowerBound, bytes: [UInt8](repeating: 0xFF, count: range.count),
            findings: [BlockFinding(offset: range.lowerBound, size: range.count, state: .unread, detail: why)])
    }
}

/// Reads flash.
package protocol FlashReading {
    /// Reads ranges of a partition and passes them on in chunks.
    ///
    /// Passes each byte of each range on exactly once. Chunks usually come in order, but one that was damaged in
    /// transfer is requested again and comes later.
    ///
    /// - Parameters:
    ///   - partition: as in the survey.
    ///   - ranges: in bytes from the start of the partition, ascending, without bad blocks.
    ///   - each: called for each chunk; if it throws, reading stops.
    /// - Throws: ``FlashkeepError`` with `partitionVanished`, `boardLost` and others. A read error in single blocks is
    ///   a finding, not an error.
    func read(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws

    /// Whether ``readWithOOB(_:ranges:each:)`` works on this board.
    var readsOOB: Bool { get }

    /// Reads whole pages, each followed by its OOB bytes. Chunk offsets count both page and OOB bytes.
    func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws
}

extension FlashReading {
    /// Reads a range of a partition as one chunk.
    ///
    /// - Parameter range: in bytes from the start of the partition, without bad blocks.
    /// - Returns: a chunk with 0xFF and findings for unreadable bytes. All findings lie within the range.
    /// - Throws: as ``read(_:ranges:each:)``.
    package func chunk(_ range: Range<Int>, of partition: Partition) async throws -> FlashChunk {
        var whole = FlashChunk(offset: range.lowerBound, bytes: [UInt8](repeating: 0xFF, count: range.count))
        var came: [Range<Int>] = []
        try await read(partition, ranges: [range]) { chunk in
            let part = chunk.range.clamped(to: range)
            guard !part.isEmpty else { return }
            whole.bytes.replaceSubrange(
                part.shifted(by: -range.lowerBound), with: chunk.bytes[part.shifted(by: -chunk.offset)])
            whole.findings += chunk.findings.compactMap { $0.clipped(to: range) }
            came.append(part)
        }
        whole.findings += PartitionMap.gaps(in: range, leaving: came).map {
            BlockFinding(offset: $0.lowerBound, size: $0.count, state: .unread, detail: "it never arrived")
        }
        return whole
    }
}

/// Computes checksums of flash on the board, so that the bytes need not be transferred.
package protocol FlashChecksumming {
    /// The algorithms that the board's tools support, best first; empty if there are none.
    var checksumAlgorithms: [ChecksumAlgorithm] { get }

    /// Whether the board computes checksums of whole partitions only.
    var checksumsWholePartitions: Bool { get }

    /// Computes one checksum over the concatenated bytes of all ranges.
    func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest

    /// Computes one checksum for each range.
    func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest]
}

extension FlashChecksumming {
    package var checksumsWholePartitions: Bool { false }

    /// Whether the board can compute one checksum over these ranges, ascending, of a partition.
    package func canChecksum(_ partition: Partition, _ ranges: [Range<Int>]) -> Bool {
        !checksumsWholePartitions || PartitionMap.merged(ranges) == [0..<partition.size]
    }
}
