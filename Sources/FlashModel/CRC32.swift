private import CZlib

/// The CRC-32 of zlib and gzip (RFC 1952; reflected polynomial 0xEDB88320), which U-Boot's `crc32` also computes, with
/// operations for concatenated data.
///
/// A byte string is a polynomial over GF(2), and its CRC is the remainder modulo P. So the CRC of A‖B follows from the
/// CRCs of A and B and the length of B, and that of B from those of A and A‖B: ``CRC32Shift``.
package struct CRC32: Sendable, Hashable {
    /// The CRC of all bytes so far; 0 for no bytes.
    package private(set) var value: UInt32 = 0

    package init() {}

    /// Resumes from the CRC of the bytes before. From 0xFFFFFFFF, the CRC lacks the inversion at the start.
    package init(resuming value: UInt32) { self.value = value }

    /// Adds bytes.
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
        // With a null buffer, zlib returns its initial value instead of the given one.
        guard !bytes.isEmpty else { return value }
        return UInt32(truncatingIfNeeded: unsafe crc32_z(UInt(value), bytes.baseAddress, bytes.count))
    }

    /// The CRC of a byte collection.
    package static func sum(of bytes: some Collection<UInt8>) -> UInt32 {
        var sum = CRC32()
        sum.update(bytes)
        return sum.value
    }

    /// The CRC of one byte repeated `count` times, computed in as many steps as `count` has binary digits.
    ///
    /// - Parameter count: 0 or more.
    package static func sum(repeating byte: UInt8, count: Int) -> UInt32 {
        precondition(count >= 0, "a count of bytes is not negative")
        var result: UInt32 = 0
        // The CRC of 2^n such bytes, and the operator that appends as many bytes.
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

/// The effect of appending n bytes on a CRC-32: multiplication by x^(8n) modulo P. Computed once for a length, applied
/// in 32 steps.
package struct CRC32Shift: Sendable, Hashable {
    /// x^(8n) modulo P, with the coefficient of x^0 in the highest bit, as in CRC-32.
    private let factor: UInt32

    private static let polynomial: UInt32 = 0xEDB8_8320
    private static let one: UInt32 = 0x8000_0000
    /// x^8.
    private static let byte: UInt32 = 0x0080_0000

    private init(factor: UInt32) {
        self.factor = factor
    }

    /// Makes the operator for a length.
    ///
    /// - Parameter bytes: the length, 0 or more.
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

    /// The operator for twice the length.
    package var doubled: CRC32Shift { CRC32Shift(factor: Self.product(factor, factor)) }

    /// The CRC of A‖B.
    ///
    /// - Parameters:
    ///   - first: the CRC of A, of any length.
    ///   - second: the CRC of B, which has the operator's length.
    package func joined(_ first: UInt32, _ second: UInt32) -> UInt32 {
        // The two inversions of CRC-32 cancel out: the one at the end of A and the one at the start of B.
        Self.product(factor, first) ^ second
    }

    /// The CRC of B.
    ///
    /// - Parameters:
    ///   - whole: the CRC of A‖B.
    ///   - first: the CRC of A, of any length. B has the operator's length.
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
