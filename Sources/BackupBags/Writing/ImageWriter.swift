package import FlashModel

/// One image of a backup in progress. Writes may come in any order, and from several tasks.
///
/// Offsets are bytes from the start of the image, also in findings.
package struct ImageWriter: Sendable {
    /// In the bag: `data/images/mtd0-RedBoot.bin`.
    package let path: String
    /// Bytes.
    package let size: Int
    let index: Int
    let builder: BagBuilder

    /// Puts bytes that were not there yet.
    ///
    /// - Parameter findings: what is not plainly good in them; must lie within them.
    /// - Throws: `diskFull` and others, after which the same bytes may be written again; `internalFault` where bytes are
    ///   there already, or the range lies outside of the image.
    package func write(offset: Int, bytes: [UInt8], findings: [BlockFinding] = []) throws {
        try builder.put(bytes, at: offset, in: index, findings: findings, replacing: false)
    }

    /// Puts bytes in place of those that are there, with what was found of them.
    package func replace(offset: Int, bytes: [UInt8], findings: [BlockFinding] = []) throws {
        try builder.put(bytes, at: offset, in: index, findings: findings, replacing: true)
    }

    /// Puts the same byte all over a range, mostly 0xFF in place of a bad block. May take the place of bytes.
    package func fill(_ range: Range<Int>, with byte: UInt8 = 0xFF, findings: [BlockFinding] = []) throws {
        try builder.fill(range, with: byte, in: index, findings: findings)
    }

    /// Notes what was found out later of bytes that are there: that they changed between two reads, for example.
    package func mark(_ findings: [BlockFinding]) throws {
        try builder.mark(findings, in: index)
    }

    /// Makes all that was written durable; see ``BagBuilder/checkpoint()``.
    package func checkpoint() throws {
        try builder.checkpoint()
    }

    /// The parts of a range that have yet to be read, ascending; of the whole image if none is given.
    package func missing(in range: Range<Int>? = nil) -> [Range<Int>] {
        builder.missing(in: range ?? 0..<size, of: index)
    }

    /// What is not plainly good, ascending, neighbours that say the same joined.
    package var findings: [BlockFinding] { builder.findings(of: index) }

    /// Bytes that were written, fewer than `count` at the end of the image.
    ///
    /// - Throws: `internalFault` where some of them were not written yet.
    package func read(offset: Int, count: Int) throws -> [UInt8] {
        try builder.read(offset: offset, count: count, of: index)
    }

    /// A checksum of the bytes of these ranges, one after another, as a board's tool computes it.
    package func checksum(_ algorithm: ChecksumAlgorithm, of ranges: [Range<Int>]) throws -> Digest {
        try builder.checksum(algorithm, of: ranges, in: index)
    }

    /// The SHA-256 of the whole image, in hexadecimal, for the manifest.
    ///
    /// What was written in order is not read again; the rest is read once.
    /// - Throws: `bagIncomplete` where bytes are missing.
    package func sha256() throws -> String {
        try builder.sha256(of: index)
    }

    /// Gives the image up: it will not be in the backup.
    package func discard() throws {
        try builder.discard(index)
    }
}
