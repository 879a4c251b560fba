private import CZlib

/// The CRC-32 of zlib and gzip (RFC 1952; reflected polynomial 0xEDB88320), which U-Boot's `crc32` computes too, as a
/// number that can be calculated with.
///
/// A byte string is a polynomial over GF(2) and its CRC the remainder modulo P. So the sum of A‖B follows from the
/// sums of A and B and the length of B, and that of B from those of A and A‖B: ``CRC32Shift``.
package struct CRC32: Sendable, Hashable {
    /// The sum of all bytes taken in; 0 of none.
    package private(set) var value: UInt32 = 0

    package init() {}

    /// Takes in more bytes.
    package mutating func update(_ bytes: some Collection<UInt8>) {
        let sum = bytes.withContiguousStorageIfAvailable { unsafe Self.extended(value, by: $0) }
        if let sum {
            value = sum
        } else {
            let copy = Array(bytes)
            value = unsafe copy.withUnsafeBufferPointer { unsafe Self.extended(value, by: $0) }
        }
    }

    private static func extended(_ value: UInt32, by bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        // zlib takes no bytes at no place for the question what it begins with.
        guard !bytes.isEmpty else { return value }
        return UInt32(truncatingIfNeeded: unsafe crc32_z(UInt(value), bytes.baseAddress, bytes.count))
    }

    /// The sum of bytes at hand.
    package static func sum(of bytes: some Collection<UInt8>) -> UInt32 {
        var sum = CRC32()
        sum.update(bytes)
        return sum.value
    }

    /// The sum of `count` times the same byte, in steps as many as `count` has binary digits.
    ///
    /// - Parameter count: 0 or more.
    package static func sum(repeating byte: UInt8, count: Int) -> UInt32 {
        precondition(count >= 0, "a count of bytes is not negative")
        var result: UInt32 = 0
        // The sum of 2^n such bytes, and what as many bytes behind it do to a sum.
        var power = sum(of: CollectionOfOne(byte))
        var shift = CRC32Shift(bytes: 1)
        var rest = count
        while rest > 0 {
            if rest & 1 == 1 { result = shift.joined(result, power) }
            power = shift.joined(power, power)
            shift = shift.doubled
            rest >>= 1
        }
        return result
    }
}

/// What so many bytes behind it do to a CRC-32: multiplication by x^(8n) modulo P. Made once for a length, applied in
/// 32 steps.
package struct CRC32Shift: Sendable, Hashable {
    /// x^(8n) modulo P, the coefficient of x^0 in the highest bit, as CRC-32 has it.
    private let factor: UInt32

    private static let polynomial: UInt32 = 0xEDB8_8320
    private static let one: UInt32 = 0x8000_0000
    /// x^8.
    private static let byte: UInt32 = 0x0080_0000

    private init(factor: UInt32) {
        self.factor = factor
    }

    /// Makes the operator of a length.
    ///
    /// - Parameter bytes: 0 or more.
    package init(bytes: Int) {
        precondition(bytes >= 0, "a count of bytes is not negative")
        var result = Self.one
        var power = Self.byte
        var rest = bytes
        while rest > 0 {
            if rest & 1 == 1 { result = Self.product(result, power) }
            power = Self.product(power, power)
            rest >>= 1
        }
        factor = result
    }

    /// That of twice the length.
    package var doubled: CRC32Shift { CRC32Shift(factor: Self.product(factor, factor)) }

    /// The sum of A‖B.
    ///
    /// - Parameters:
    ///   - first: the sum of A, of any length.
    ///   - second: the sum of B, which has the operator's length.
    package func joined(_ first: UInt32, _ second: UInt32) -> UInt32 {
        // Both inversions that CRC-32 does cancel out: the one at the end of A meets the one at the start of B.
        Self.product(factor, first) ^ second
    }

    /// The sum of B.
    ///
    /// - Parameters:
    ///   - whole: the sum of A‖B.
    ///   - first: the sum of A, of any length. B has the operator's length.
    package func rest(of whole: UInt32, behind first: UInt32) -> UInt32 {
        whole ^ Self.product(factor, first)
    }

    /// The product modulo P.
    private static func product(_ left: UInt32, _ right: UInt32) -> UInt32 {
        var result: UInt32 = 0
        // right · x^n.
        var term = right
        var rest = left
        while rest != 0 {
            if rest & one != 0 { result ^= term }
            rest <<= 1
            term = (term >> 1) ^ (term & 1 == 1 ? polynomial : 0)
        }
        return result
    }
}
