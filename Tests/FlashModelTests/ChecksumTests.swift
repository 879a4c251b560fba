import FlashModel
import Testing

/// Expected values: the check values of the published algorithms for the nine characters `123456789`.
@Suite struct ChecksumTests {
    static let check = Array("123456789".utf8)

    @Test(arguments: [
        (ChecksumAlgorithm.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        (.sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        (.md5, "25f9e794323b453885f5181f1b624d0b"),
        (.crc32, "cbf43926"),
        (.cksum, "377a6011"),
    ])
    func knownValues(algorithm: ChecksumAlgorithm, expected: String) {
        #expect(StreamingChecksum.digest(of: Self.check, algorithm).hex == expected)
    }

    @Test(arguments: ChecksumAlgorithm.allCases)
    func anyCuttingGivesTheSame(algorithm: ChecksumAlgorithm) {
        let bytes = (0..<700).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let whole = StreamingChecksum.digest(of: bytes, algorithm)
        for step in [1, 2, 7, 255, 256, 699] {
            var checksum = StreamingChecksum(algorithm)
            for start in stride(from: 0, to: bytes.count, by: step) {
                checksum.update(bytes[start..<min(start + step, bytes.count)])
            }
            #expect(checksum.finalize() == whole)
        }
    }
}
