import FlashModel

/// The bytes of a file or of a structure on flash, for parsers: they read small pieces of it, and no more than a few MiB.
package struct ImageBytes {
    /// Why bytes are not had.
    package enum Fault: Error, Hashable {
        /// They would lie outside of the file, or too much was asked for.
        case outside
        /// They are in the file but not in the part of it that is at hand.
        case notAtHand
    }

    /// The most bytes that are had at once.
    private static let pieceLimit = 65536
    /// What is read at once, where less is asked for. Bytes.
    private static let windowSize = 4096

    /// Bytes of the whole file.
    package let size: Int
    private let read: (Range<Int>) throws -> [UInt8]
    /// What was read last, and where it is from.
    private var window: [UInt8] = []
    private var windowStart = 0
    /// The most bytes that are read for one format.
    private static let budget = 16 << 20
    /// How many more of them may be read.
    private var budget = Self.budget

    /// - Parameter read: returns bytes of the file; fewer if not all of them are at hand.
    package init(size: Int, read: @escaping (Range<Int>) throws -> [UInt8]) {
        self.size = max(0, size)
        self.read = read
    }

    /// Bytes that are in memory already.
    ///
    /// - Parameters:
    ///   - head: the first bytes, or all of them.
    ///   - size: the number of bytes of the whole; nil if these are all. Not less than those at hand.
    package init(head: ArraySlice<UInt8>, size: Int? = nil) {
        self.init(size: max(size ?? 0, head.count)) { range in
            Array(head.dropFirst(range.lowerBound).prefix(range.count))
        }
    }

    /// Lets as many bytes be read as at first.
    mutating func restoreBudget() { budget = Self.budget }

    /// Bytes of the file.
    ///
    /// - Throws: ``Fault``, or what reading the file threw.
    package mutating func bytes(at offset: Int, count: Int) throws -> ArraySlice<UInt8> {
        guard offset >= 0, (0...Self.pieceLimit).contains(count), let end = offset.plus(count), end <= size else {
            throw Fault.outside
        }
        if offset < windowStart || end - windowStart > window.count {
            let wanted = offset..<min(size, max(end, offset.plus(Self.windowSize) ?? end))
            budget -= wanted.count
            guard budget >= 0 else { throw Fault.outside }
            window = try read(wanted)
            windowStart = offset
        }
        let first = offset - windowStart
        guard first + count <= window.count else { throw Fault.notAtHand }
        return window[first..<(first + count)]
    }

    /// An unsigned number of a type's size.
    package mutating func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type = Number.self, at offset: Int, isBigEndian: Bool = true
    ) throws -> Number {
        let bytes = try bytes(at: offset, count: MemoryLayout<Number>.size)
        return isBigEndian
            ? bytes.reduce(0) { $0 << 8 | Number($1) } : bytes.reversed().reduce(0) { $0 << 8 | Number($1) }
    }

    /// An unsigned number of 1 to 7 bytes; of 8 where it is below 2^63.
    package mutating func number(at offset: Int, bytes count: Int, isBigEndian: Bool) throws -> Int {
        var value: UInt64 = 0
        let bytes = try bytes(at: offset, count: min(8, count))
        for byte in isBigEndian ? Array(bytes) : bytes.reversed() { value = value << 8 | UInt64(byte) }
        guard let number = Int(exactly: value) else { throw Fault.outside }
        return number
    }

    /// Whether these bytes are there.
    package mutating func has(_ wanted: [UInt8], at offset: Int) throws -> Bool {
        guard offset >= 0, let end = offset.plus(wanted.count), end <= size else { return false }
        return try bytes(at: offset, count: wanted.count).elementsEqual(wanted)
    }
}
