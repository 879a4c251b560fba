import FlashModel

extension ImageBytes {
    /// Whether the number after a range is its checksum: CRC-32 with initial value 0xFFFFFFFF and no final inversion,
    /// which is the inverse of zlib's (Linux `drivers/mtd/ubi/ubi-media.h`).
    mutating func hasUBISum(after range: Range<Int>) throws -> Bool {
        let sum = try number(UInt32.self, at: range.upperBound)
        return ~CRC32.sum(of: try bytes(at: range.lowerBound, count: range.count)) == sum
    }

    /// Reads a UBI structure, whose numbers are big-endian.
    ///
    /// - Returns: nil if it does not fit into the bytes.
    static func structure<Structure>(
        in bytes: ArraySlice<UInt8>, _ parse: (inout ImageBytes) throws -> Structure?
    ) -> Structure? {
        var bytes = ImageBytes(head: bytes)
        // Reading bytes in memory throws only ``Fault``.
        return (try? parse(&bytes)) ?? nil
    }
}
