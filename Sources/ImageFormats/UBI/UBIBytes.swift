import FlashModel

/// Bytes of a UBI structure on flash: all numbers are big-endian (Linux `drivers/mtd/ubi/ubi-media.h`).
struct UBIBytes {
    private let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// The number at an offset; nil beyond the end.
    func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type = Number.self, at offset: Int
    ) -> Number? {
        part(offset, MemoryLayout<Number>.size)?.reduce(0) { $0 << 8 | Number($1) }
    }

    /// A part of the bytes; nil beyond the end.
    func part(_ offset: Int, _ count: Int) -> ArraySlice<UInt8>? {
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
        let start = bytes.startIndex + offset
        return bytes[start..<start + count]
    }

    /// Whether the number after `count` bytes is their checksum: CRC-32 with initial value 0xFFFFFFFF and no final
    /// inversion, which is the inverse of zlib's.
    func isSummed(_ count: Int) -> Bool {
        guard let part = part(0, count), let sum = number(UInt32.self, at: count) else { return false }
        return ~CRC32.sum(of: part) == sum
    }
}
