import FlashAccess
package import FlashModel

/// A checksum that U-Boot computed over memory.
///
/// `crc32 for 80000000 ... 8000ffff ==> deab7e4e`; the word is in capitals in versions before 2013, and still in builds
/// without CONFIG_HASH (`cmd/mem.c`, `common/hash.c`). `hash sha256` and `md5sum` print the same form. When U-Boot was
/// asked to verify and the sum differs, ` != 12345678 ** ERROR **` follows. A successful verification prints nothing.
package struct UBootChecksum: Sendable, Hashable {
    /// The first address that it covers.
    package var first: UInt64
    /// The last address that it covers; one before ``first`` if it covers nothing.
    package var last: UInt64
    package var digest: Digest
    /// The expected sum, if a verification failed.
    package var expected: String?

    /// Parses a reply; nil if it has no checksum, or two that differ.
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

    /// Parses a complete line.
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

    /// Whether it covers exactly these bytes. It does not if a digit of the command was lost on the way to the board.
    package func covers(_ address: UInt64, count: UInt64) -> Bool {
        first == address && last &+ 1 == address &+ count && (count > 0) == (last &+ 1 != first)
    }
}
