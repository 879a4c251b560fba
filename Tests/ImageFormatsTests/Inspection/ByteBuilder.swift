import FlashModel

/// Builds images for tests.
struct ByteBuilder {
    var bytes: [UInt8]

    init(_ count: Int = 0, filledWith byte: UInt8 = 0) { bytes = [UInt8](repeating: byte, count: count) }

    mutating func put(_ new: some Sequence<UInt8>, at offset: Int) {
        let new = Array(new)
        bytes.replaceSubrange(offset..<(offset + new.count), with: new)
    }

    mutating func text(_ text: String, at offset: Int) { put(Array(text.utf8), at: offset) }

    mutating func little(_ value: Int, at offset: Int, _ count: Int = 4) {
        put((0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }, at: offset)
    }

    mutating func big(_ value: Int, at offset: Int, _ count: Int = 4) {
        put((0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }, at: offset)
    }

    mutating func append(_ new: some Sequence<UInt8>) { bytes += new }

    /// zlib's CRC-32 of a range.
    func crc(_ range: Range<Int>) -> Int { Int(CRC32.sum(of: bytes[range])) }

    /// The same without the inversion at the end.
    func jam(_ range: Range<Int>) -> Int { Int(~CRC32.sum(of: bytes[range])) }

    /// From 0 without inversions.
    func zero(_ range: Range<Int>) -> Int {
        var sum = CRC32(resuming: .max)
        sum.update(bytes[range])
        return Int(~sum.value)
    }
}
