package import FlashModel

// What can be done with a board's flash, whatever the way in. Operations know only these capabilities; a way in
// takes on those that it has, and one contract test suite is run against each of them.

/// A piece of a partition as it was read.
package struct FlashChunk: Sendable {
    /// Bytes from the start of the partition.
    package var offset: Int
    /// What was read; 0xFF where a finding says `unread`.
    package var bytes: [UInt8]
    /// What is not plainly good in it; offsets are counted from the start of the partition.
    package var findings: [BlockFinding]

    package init(offset: Int, bytes: [UInt8], findings: [BlockFinding] = []) {
        self.offset = offset
        self.bytes = bytes
        self.findings = findings
    }

    /// The bytes of the partition that it covers.
    package var range: Range<Int> { offset..<(offset + bytes.count) }

    /// Bytes that cannot be had: 0xFF, and named.
    ///
    /// - Parameter why: in words.
    package static func unread(_ range: Range<Int>, _ why: String) -> FlashChunk {
        FlashChunk(
            offset: range.lowerBound, bytes: [UInt8](repeating: 0xFF, count: range.count),
            findings: [BlockFinding(offset: range.lowerBound, size: range.count, state: .unread, detail: why)])
    }
}

/// Reads flash.
package protocol FlashReading {
    /// Reads ranges of a partition and hands them on in pieces.
    ///
    /// Each byte of each range is handed on exactly once. Pieces mostly come in order, but a piece that was damaged
    /// on its way is asked for again and comes later.
    ///
    /// - Parameters:
    ///   - partition: as the survey gave it.
    ///   - ranges: bytes from the start of the partition, ascending, without bad blocks.
    ///   - each: called for each piece; when it throws, reading ends.
    /// - Throws: ``FlashkeepError`` with `partitionVanished`, `boardLost` and others. A read error of single blocks is
    ///   no error but a finding.
    func read(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws

    /// Whether ``readWithOOB(_:ranges:each:)`` works on this board.
    var readsOOB: Bool { get }

    /// Reads whole pages, each followed by its OOB bytes. Offsets of the pieces count page and OOB bytes alike.
    func readWithOOB(
        _ partition: Partition, ranges: [Range<Int>], each: (FlashChunk) async throws -> Void
    ) async throws
}

extension FlashReading {
    /// Reads a range of a partition in one piece.
    ///
    /// - Parameter range: bytes from the start of the partition, without bad blocks.
    /// - Returns: 0xFF in the place of what could not be read, with findings that say so. Findings lie within the range.
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

/// Computes checksums on the board itself, from the flash, without the bytes crossing.
package protocol FlashChecksumming {
    /// What the board's tools can compute, best first; empty where there are none.
    var checksumAlgorithms: [ChecksumAlgorithm] { get }

    /// One checksum over the bytes of all ranges, one after another.
    func checksum(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, ranges: [Range<Int>]
    ) async throws -> Digest

    /// One checksum for each range.
    func checksums(
        _ algorithm: ChecksumAlgorithm, of partition: Partition, each ranges: [Range<Int>]
    ) async throws -> [Digest]
}
