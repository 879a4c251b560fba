import FlashAccess
package import FlashModel

/// A checksum that U-Boot computed over memory.
///
/// `crc32 for 80000000 ... 8000ffff ==> deab7e4e`, with capitals in versions before 2013 and in builds without
/// CONFIG_HASH to this day (`cmd/mem.c`, `common/hash.c`); `hash sha256` and `md5sum` print likewise. When it was
/// asked to verify and it is another: ` != 12345678 ** ERROR **` behind. Verified and the same prints nothing.
package struct UBootChecksum: Sendable, Hashable {
    /// The first byte that it covers.
    package var first: UInt64
    /// The last byte that it covers; one before ``first`` where there is none.
    package var last: UInt64
    package var digest: Digest
    /// What it should have been, where it was asked to verify and it is not that.
    package var expected: String?

    /// Parses a reply; nil where it holds no checksum, or two that differ.
    package init?(_ reply: UBootReply) {
        var found: UBootChecksum?
        for line in reply.lines.prefix(1000) {
            guard let checksum = UBootChecksum(line: line.trimmed) else { continue }
            if let found, found != checksum { return nil }
            found = checksum
        }
        guard let found else { return nil }
        self = found
    }

    /// Parses a line, which must be whole.
    init?(line: ByteText) {
        let words = line.words
        guard words.count == 7 || words.count == 12, words[1] == ByteText("for"), words[3] == ByteText("..."),
            words[5] == ByteText("==>"), words[2].bytes.count >= 8, words[4].bytes.count >= 8,
            let first = words[2].address, let last = words[4].address, last >= first || last &+ 1 == first
        else { return nil }
        let algorithms: [(String, ChecksumAlgorithm, Int)] = [
            ("crc32", .crc32, 8), ("md5", .md5, 32), ("sha1", .sha1, 40), ("sha256", .sha256, 64),
        ]
        let name = words[0].lowercased.string(limit: 16)
        guard let (_, algorithm, digits) = algorithms.first(where: { $0.0 == name }),
            words[6].isHexadecimal(digits: digits)
        else { return nil }
        if words.count == 12 {
            guard words[7] == ByteText("!="), words[8].isHexadecimal(digits: digits),
                words[9...].elementsEqual([ByteText("**"), ByteText("ERROR"), ByteText("**")])
            else { return nil }
            expected = words[8].lowercased.string()
        }
        self.first = first
        self.last = last
        digest = Digest(algorithm: algorithm, hex: words[6].lowercased.string())
    }

    /// Whether it is over just these bytes: a digit lost on the way to the board makes it another range.
    package func covers(_ address: UInt64, count: UInt64) -> Bool {
        first == address && last &+ 1 == address &+ count && (count > 0) == (last &+ 1 != first)
    }
}
