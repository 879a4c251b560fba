package import FlashModel

/// The bytes from the place where a format could start to the end of the image, for ``ContentFormat/examine(_:)``.
///
/// Offsets are relative to that place. Small reads throw ``ImageBytes/Fault`` beyond the end; checks over many bytes
/// return nil if they would exceed the budget, and the finding is then at most plausible.
package struct ContentBytes {
    /// The offset of this place in the image.
    package let start: Int
    /// The bytes from here to the end of the image.
    package let size: Int
    /// For parsers that read a header.
    package var header: ImageBytes
    private let source: any ByteSource
    private let budget: ReadBudget

    /// The bytes read at once by checks.
    private static let chunk = 256 << 10

    package init(_ source: any ByteSource, at start: Int, budget: ReadBudget) {
        self.source = source
        self.start = start
        self.budget = budget
        size = max(0, source.size - start)
        header = ImageBytes(size: size, budget: .max) { range in
            try budget.chargeHeaders(range.count)
            return try source.bytes((start + range.lowerBound)..<(start + range.upperBound))
        }
    }

    // MARK: Small reads

    package mutating func bytes(at offset: Int, count: Int) throws -> ArraySlice<UInt8> {
        try header.bytes(at: offset, count: count)
    }

    package mutating func has(_ wanted: [UInt8], at offset: Int) throws -> Bool {
        try header.has(wanted, at: offset)
    }

    package mutating func has(_ text: String, at offset: Int) throws -> Bool {
        try header.has(Array(text.utf8), at: offset)
    }

    /// A little-endian number of 1 to 8 bytes, below 2^63.
    package mutating func little(_ offset: Int, _ count: Int = 4) throws -> Int {
        try header.number(at: offset, bytes: count, isBigEndian: false)
    }

    /// A big-endian number of 1 to 8 bytes, below 2^63.
    package mutating func big(_ offset: Int, _ count: Int = 4) throws -> Int {
        try header.number(at: offset, bytes: count, isBigEndian: true)
    }

    package mutating func number(_ offset: Int, _ count: Int = 4, isBigEndian: Bool) throws -> Int {
        try header.number(at: offset, bytes: count, isBigEndian: isBigEndian)
    }

    /// The text in a field of fixed size, up to the first zero byte; nil if that has bytes that are not printable
    /// ASCII, so that it is no text.
    package mutating func text(at offset: Int, count: Int) throws -> String? {
        let field = try bytes(at: offset, count: count).prefix { $0 != 0 }
        return field.allSatisfy { (0x20...0x7E).contains($0) } ? String(decoding: field, as: UTF8.self) : nil
    }

    /// Whether all bytes of a range have this value; false beyond the end.
    package mutating func isFilled(_ range: Range<Int>, with byte: UInt8) throws -> Bool {
        guard range.lowerBound >= 0, range.upperBound <= size else { return false }
        return try bytes(at: range.lowerBound, count: range.count).allSatisfy { $0 == byte }
    }

    // MARK: Checks over many bytes

    /// Reads a range in chunks.
    ///
    /// - Returns: false if the range exceeds the image or the budget; nothing was read then.
    package func stream(_ range: Range<Int>, _ each: (ArraySlice<UInt8>) throws -> Void) throws -> Bool {
        guard range.lowerBound >= 0, range.upperBound <= size, budget.allowsProof(range.count) else { return false }
        var buffer = [UInt8](repeating: 0, count: min(Self.chunk, max(1, range.count)))
        var place = range.lowerBound
        while place < range.upperBound {
            let got = try source.read(into: &buffer, count: range.upperBound - place, at: start + place)
            // The file became shorter meanwhile.
            guard got > 0 else { throw ImageBytes.Fault.outside }
            try each(buffer[0..<got])
            place += got
        }
        return true
    }

    /// The CRC-32 of zlib over ranges, one after another; nil if it cannot be computed.
    package func crc32(_ ranges: Range<Int>...) throws -> UInt32? {
        var sum = CRC32()
        for range in ranges {
            guard try stream(range, { sum.update($0) }) else { return nil }
        }
        return sum.value
    }

    /// The CRC-32 of zlib over a range, some zeros in place of a checksum's own field, and another range; nil if it cannot
    /// be computed.
    package func crc32(_ first: Range<Int>, zeros: Int, _ second: Range<Int>) throws -> UInt32? {
        var sum = CRC32()
        guard try stream(first, { sum.update($0) }) else { return nil }
        sum.update([UInt8](repeating: 0, count: zeros))
        return try stream(second, { sum.update($0) }) ? sum.value : nil
    }

    /// A digest in lower-case hexadecimal of texts and ranges; nil if it cannot be computed.
    package func digest(
        _ algorithm: ChecksumAlgorithm, before: [UInt8] = [], _ ranges: Range<Int>..., after: [UInt8] = []
    ) throws -> String? {
        var sum = StreamingChecksum(algorithm)
        sum.update(before)
        for range in ranges {
            guard try stream(range, { sum.update($0) }) else { return nil }
        }
        sum.update(after)
        return sum.finalize().hex
    }

    /// The sum of all bytes, modulo 2^32; nil if it cannot be computed.
    package func byteSum(_ range: Range<Int>) throws -> UInt32? {
        var sum: UInt32 = 0
        let isDone = try stream(range) { for byte in $0 { sum &+= UInt32(byte) } }
        return isDone ? sum : nil
    }

    /// Decodes a compressed stream, and discards what comes out.
    ///
    /// - Parameter limit: the number of bytes that may come out.
    package func unpack(
        _ method: UnpackMethod, at offset: Int, limit: Int = Unpacking.proofLimit,
        each: (ArraySlice<UInt8>) -> Void = { _ in }
    ) throws -> Unpacking.Result {
        guard offset >= 0, offset < size else { throw ImageBytes.Fault.outside }
        var place = offset
        return try Unpacking.run(
            method, limit: limit,
            read: { buffer in
                let wanted = min(buffer.count, size - place)
                guard wanted > 0, budget.allowsProof(wanted) else { return 0 }
                let got = try source.read(into: &buffer, count: wanted, at: start + place)
                place += got
                return got
            },
            write: { bytes in
                each(bytes)
                // Decoding is slower than reading.
                return budget.allowsProof(bytes.count / 4)
            })
    }

    /// A range in the image.
    package func place(_ range: Range<Int>) -> Range<Int> { (start + range.lowerBound)..<(start + range.upperBound) }
}
