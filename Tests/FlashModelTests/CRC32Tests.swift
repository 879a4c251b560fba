import FlashModel
import Testing

/// CRC-32 arithmetic. Expected values: the published check value for `123456789`, CRCs of blank flash as printed by
/// real U-Boots, and otherwise the direct computation.
@Suite struct CRC32Tests {
    static let check = Array("123456789".utf8)
    static let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 31) >> 3) }

    @Test func knownValues() {
        #expect(CRC32().value == 0)
        #expect(CRC32.sum(of: Self.check) == 0xCBF4_3926)
        #expect(CRC32.sum(of: CollectionOfOne(UInt8(0))) == 0xD202_EF8D)
        #expect(CRC32.sum(of: Self.check.lazy.map { $0 }) == 0xCBF4_3926)
    }

    /// 64 KiB and 128 KiB of 0xFF, from U-Boot; 4 bytes of zero and of 0xFF, by long division.
    @Test func repeatedBytes() {
        #expect(CRC32.sum(repeating: 0xFF, count: 0x10000) == 0xDEAB_7E4E)
        #expect(CRC32.sum(repeating: 0xFF, count: 0x20000) == 0x1548_03CC)
        #expect(CRC32.sum(repeating: 0, count: 4) == 0x2144_DF1C)
        #expect(CRC32.sum(repeating: 0xFF, count: 4) == 0xFFFF_FFFF)
    }

    @Test(arguments: [UInt8(0), 0xFF, 0x5A, 1])
    func repeatedBytesAsComputed(byte: UInt8) {
        var direct = CRC32()
        for count in 0..<600 {
            #expect(CRC32.sum(repeating: byte, count: count) == direct.value)
            direct.update(CollectionOfOne(byte))
        }
        for count in [4095, 4096, 65535, 135_168, 1_000_003] {
            #expect(
                CRC32.sum(repeating: byte, count: count) == CRC32.sum(of: [UInt8](repeating: byte, count: count)))
        }
    }

    /// Joins a repeated byte from two lengths, including lengths that no test can compute directly.
    @Test(arguments: [(1 << 40, 12345), (Int.max - 7, 7), (3, 1 << 62)])
    func giganticLengths(first: Int, second: Int) {
        let whole = CRC32.sum(repeating: 0xA5, count: first + second)
        let left = CRC32.sum(repeating: 0xA5, count: first)
        let right = CRC32.sum(repeating: 0xA5, count: second)
        let shift = CRC32Shift(bytes: second)
        #expect(shift.joined(left, right) == whole)
        #expect(shift.rest(of: whole, behind: left) == right)
    }

    /// Every split of 0…300 bytes, and many of longer ones.
    @Test func joinedAndDivided() {
        for length in Array(0...300) + [511, 512, 513, 2048, 4096, 5000] {
            let bytes = Self.bytes.prefix(length)
            let whole = CRC32.sum(of: bytes)
            for cut in stride(from: 0, through: length, by: length <= 300 ? 1 : 97) {
                let first = CRC32.sum(of: bytes.prefix(cut))
                let second = CRC32.sum(of: bytes.dropFirst(cut))
                let shift = CRC32Shift(bytes: length - cut)
                #expect(shift.joined(first, second) == whole)
                #expect(shift.rest(of: whole, behind: first) == second)
            }
        }
    }

    @Test func shifts() {
        #expect(CRC32Shift(bytes: 0).joined(0x1234_5678, 0) == 0x1234_5678)
        for bytes in 0..<200 { #expect(CRC32Shift(bytes: bytes).doubled == CRC32Shift(bytes: 2 * bytes)) }
        // x has order 2^32 − 1 modulo P, which is primitive: appending that many bits, here bytes, changes nothing.
        #expect(CRC32Shift(bytes: (1 << 32) - 1) == CRC32Shift(bytes: 0))
    }

    @Test func anyCuttingGivesTheSame() {
        for step in [1, 2, 7, 255, 4096, 4999] {
            var sum = CRC32()
            for start in stride(from: 0, to: Self.bytes.count, by: step) {
                sum.update(Self.bytes[start..<min(start + step, Self.bytes.count)])
            }
            sum.update(EmptyCollection())
            #expect(sum.value == CRC32.sum(of: Self.bytes))
        }
    }
}
