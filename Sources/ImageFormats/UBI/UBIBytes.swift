import FlashModel

/// Bytes of UBI on flash: all numbers are big-endian (Linux `drivers/mtd/ubi/ubi-media.h`).
struct UBIBytes {
    private let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// nil where the bytes end before.
    func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type = Number.self, at offset: Int
    ) -> Number? {
        part(offset, MemoryLayout<Number>.size)?.reduce(0) { $0 << 8 | Number($1) }
    }

    /// nil where the bytes end before.
    func part(_ offset: Int, _ count: Int) -> ArraySlice<UInt8>? {
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
        let start = bytes.startIndex + offset
        return bytes[start..<start + count]
    }

    /// Whether the number behind `count` bytes is their checksum: CRC-32 with 0xFFFFFFFF at its start and no inversion at
    /// its end, the inverse of zlib's.
    func isSummed(_ count: Int) -> Bool {
        guard let part = part(0, count), let sum = number(UInt32.self, at: count) else { return false }
        return ~CRC32.sum(of: part) == sum
    }
}
