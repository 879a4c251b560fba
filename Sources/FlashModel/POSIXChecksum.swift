/// The CRC of POSIX `cksum` (IEEE Std 1003.1, cksum, "EXTENDED DESCRIPTION").
///
/// It has the polynomial of CRC-32, but takes the bits of each byte in the other order. So it is the CRC-32 of the
/// mirrored bytes, each with its bits reversed, apart from the length at the end and the inversions. Whatever holds for
/// CRC-32, such as ``CRC32Shift``, holds for the mirrored bytes.
package enum POSIXChecksum {
    private static let polynomial: UInt32 = 0x04C1_1DB7

    private static let table: [UInt32] = (0..<256).map { index in
        var value = UInt32(index) << 24
        for _ in 0..<8 {
            value = value & 0x8000_0000 != 0 ? (value << 1) ^ polynomial : value << 1
        }
        return value
    }

    /// The index in ``table`` of each low byte, all of which differ.
    private static let indexes: [UInt8] = {
        var result = [UInt8](repeating: 0, count: 256)
        for (index, value) in table.enumerated() { result[Int(value & 0xFF)] = UInt8(index) }
        return result
    }()

    /// The value after a byte, without the length at the end.
    package static func step(_ value: UInt32, _ byte: UInt8) -> UInt32 {
        (value << 8) ^ table[Int(UInt8(truncatingIfNeeded: value >> 24) ^ byte)]
    }

    /// The value before a step.
    private static func stepBack(_ value: UInt32, _ byte: UInt8) -> UInt32 {
        let index = indexes[Int(value & 0xFF)]
        return ((value ^ table[Int(index)]) >> 8) | UInt32(index ^ byte) << 24
    }

    /// Appends the length, least significant octet first, without leading zeros; then inverts all bits.
    static func finish(_ value: UInt32, length: Int) -> UInt32 {
        ~octets(length).reduce(value, step)
    }

    private static func octets(_ length: Int) -> [UInt8] {
        var octets: [UInt8] = []
        var rest = length
        while rest > 0 {
            octets.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
        return octets
    }

    /// The `cksum` of a byte collection.
    package static func sum(of bytes: some Collection<UInt8>) -> UInt32 {
        finish(bytes.reduce(0, step), length: bytes.count)
    }

    /// The CRC-32 of the mirrored bytes, from their `cksum`.
    ///
    /// - Parameter count: the number of bytes, 0 or more.
    package static func mirrored(_ sum: UInt32, count: Int) -> UInt32 {
        // CRC-32 starts with all bits set, and inverts them at the end: that adds the CRC-32 of as many zeros.
        reversed(octets(count).reversed().reduce(~sum, stepBack)) ^ CRC32.sum(repeating: 0, count: count)
    }

    /// The `cksum` of bytes, from the CRC-32 of the mirrored bytes.
    ///
    /// - Parameter count: the number of bytes, 0 or more.
    package static func sum(mirrored: UInt32, count: Int) -> UInt32 {
        finish(reversed(mirrored ^ CRC32.sum(repeating: 0, count: count)), length: count)
    }

    private static let mirror: [UInt8] = (0..<256).map { number in
        var byte = UInt8(number)
        var result: UInt8 = 0
        for _ in 0..<8 {
            result = result << 1 | byte & 1
            byte >>= 1
        }
        return result
    }

    /// The bytes, each with its bits in reverse order.
    package static func mirrored(_ bytes: some Collection<UInt8>) -> [UInt8] { bytes.map { mirror[Int($0)] } }

    private static func reversed(_ value: UInt32) -> UInt32 {
        var result: UInt32 = 0
        var rest = value
        for _ in 0..<4 {
            result = result << 8 | UInt32(mirror[Int(rest & 0xFF)])
            rest >>= 8
        }
        return result
    }
}
