import FlashModel
import TestSupport
import Testing

/// `cksum` as the CRC-32 of mirrored bytes.
@Suite struct POSIXChecksumTests {
    @Test(arguments: [0, 1, 2, 3, 255, 256, 257, 4_096, 65_535, 65_536, 65_537, 1 << 20])
    func thereAndBack(count: Int) {
        let bytes = SplitMix64.bytes(count, seed: UInt64(count) + 1)
        let sum = POSIXChecksum.sum(of: bytes)
        let mirrored = CRC32.sum(of: POSIXChecksum.mirrored(bytes))
        #expect(POSIXChecksum.mirrored(sum, count: count) == mirrored)
        #expect(POSIXChecksum.sum(mirrored: mirrored, count: count) == sum)
        #expect(StreamingChecksum.digest(of: bytes, .cksum).hex == Hexadecimal.text(sum))
    }

    @Test func knownValue() {
        #expect(POSIXChecksum.sum(of: Array("123456789".utf8)) == 0x377A_6011)
        #expect(POSIXChecksum.sum(of: []) == .max)
    }

    @Test("Checksums of parts give that of the whole")
    func joined() {
        let bytes = SplitMix64.bytes(10_000, seed: 4)
        for cut in [0, 1, 4_096, 9_999, 10_000] {
            let first = POSIXChecksum.mirrored(POSIXChecksum.sum(of: bytes[..<cut]), count: cut)
            let second = POSIXChecksum.mirrored(POSIXChecksum.sum(of: bytes[cut...]), count: bytes.count - cut)
            let whole = CRC32Shift(bytes: bytes.count - cut).joined(first, second)
            #expect(POSIXChecksum.sum(mirrored: whole, count: bytes.count) == POSIXChecksum.sum(of: bytes), "\(cut)")
        }
    }

    @Test func mirroring() {
        #expect(POSIXChecksum.mirrored([0x01, 0x80, 0xF0, 0xFF, 0x00]) == [0x80, 0x01, 0x0F, 0xFF, 0x00])
    }
}
