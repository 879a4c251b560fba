package import FlashModel

/// An image of a backup in progress. Writes may come in any order, and from several tasks.
///
/// All offsets, including those of findings, are bytes from the start of the image.
package struct ImageWriter: Sendable {
    /// The path in the bag: `data/images/mtd0-RedBoot.bin`.
    package let path: String
    /// The size in bytes.
    package let size: Int
    let index: Int
    let builder: BagBuilder

    /// Writes bytes that are not there yet.
    ///
    /// - Parameter findings: what is not simply good in them; must be within their range.
    /// - Throws: `diskFull` and others, after which the same bytes may be written again; `internalFault` if bytes are
    ///   already there, or the range is outside of the image.
    package func write(offset: Int, bytes: [UInt8], findings: [BlockFinding] = []) throws {
        try builder.put(bytes, at: offset, in: index, findings: findings, replacing: false)
    }

    /// Replaces bytes, and the findings about them.
    package func replace(offset: Int, bytes: [UInt8], findings: [BlockFinding] = []) throws {
        try builder.put(bytes, at: offset, in: index, findings: findings, replacing: true)
    }

    /// Fills a range with one byte, usually 0xFF in place of a bad block. May replace bytes.
    package func fill(_ range: Range<Int>, with byte: UInt8 = 0xFF, findings: [BlockFinding] = []) throws {
        try builder.fill(range, with: byte, in: index, findings: findings)
    }

    /// Records later findings about bytes that are there, for example that they changed between two reads.
    package func mark(_ findings: [BlockFinding]) throws {
        try builder.mark(findings, in: index)
    }

    /// Makes all writes durable; see ``BagBuilder/checkpoint()``.
    package func checkpoint() throws {
        try builder.checkpoint()
    }

    /// The parts of a range that are still missing, ascending; of the whole image if no range is given.
    package func missing(in range: Range<Int>? = nil) -> [Range<Int>] {
        builder.missing(in: range ?? 0..<size, of: index)
    }

    /// Everything that is not simply good, ascending, with equal neighbours merged.
    package var findings: [BlockFinding] { builder.findings(of: index) }

    /// Reads written bytes, fewer than `count` at the end of the image.
    ///
    /// - Throws: `internalFault` if some of them were not written yet.
    package func read(offset: Int, count: Int) throws -> [UInt8] {
        try builder.read(offset: offset, count: count, of: index)
    }

    /// The checksum of the concatenated ranges, as a board's tool computes it.
    package func checksum(_ algorithm: ChecksumAlgorithm, of ranges: [Range<Int>]) throws -> Digest {
        try builder.checksum(algorithm, of: ranges, in: index)
    }

    /// The SHA-256 of the whole image, in hexadecimal, for the manifest.
    ///
    /// Bytes that were written in order are not read again; the rest is read once.
    /// - Throws: `bagIncomplete` if bytes are missing.
    package func sha256() throws -> String {
        try builder.sha256(of: index)
    }

    /// Drops the image: it will not be in the backup.
    package func discard() throws {
        try builder.discard(index)
    }
}
