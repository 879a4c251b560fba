import FlashModel

/// The bytes of a file or a flash structure, for parsers, which read small parts of it and no more than a few MiB in
/// total.
package struct ImageBytes {
    /// Why bytes cannot be read.
    package enum Fault: Error, Hashable {
        /// They are outside the file, or too many were requested.
        case outside
        /// They are in the file, but not in the available part.
        case notAtHand
    }

    /// The most bytes in one request.
    private static let pieceLimit = 65536
    /// The least bytes to read at once.
    private static let windowSize = 4096

    /// The size of the whole file in bytes.
    package let size: Int
    private let read: (Range<Int>) throws -> [UInt8]
    /// The bytes read last, and their offset.
    private var window: [UInt8] = []
    private var windowStart = 0
    /// The most bytes to read for one format.
    private let wholeBudget: Int
    /// The remaining bytes of the budget.
    private var budget: Int

    /// - Parameters:
    ///   - budget: the most bytes to read for one format.
    ///   - read: returns bytes of the file; fewer if not all of them are available.
    package init(size: Int, budget: Int = 16 << 20, read: @escaping (Range<Int>) throws -> [UInt8]) {
        self.size = max(0, size)
        self.read = read
        wholeBudget = budget
        self.budget = budget
    }

    /// Wraps bytes in memory.
    ///
    /// - Parameters:
    ///   - head: the first bytes, or all of them.
    ///   - size: of the whole in bytes, at least that of `head`; nil if `head` is the whole.
    package init(head: ArraySlice<UInt8>, size: Int? = nil) {
        self.init(size: max(size ?? 0, head.count)) { range in
            Array(head.dropFirst(range.lowerBound).prefix(range.count))
        }
    }

    /// Restores the full budget.
    mutating func restoreBudget() { budget = wholeBudget }

    /// Returns bytes of the file.
    ///
    /// - Throws: ``Fault``, or errors of reading the file.
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

    /// Returns an unsigned number of a type's size.
    package mutating func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type = Number.self, at offset: Int, isBigEndian: Bool = true
    ) throws -> Number {
        let bytes = try bytes(at: offset, count: MemoryLayout<Number>.size)
        return isBigEndian
            ? bytes.reduce(0) { $0 << 8 | Number($1) } : bytes.reversed().reduce(0) { $0 << 8 | Number($1) }
    }

    /// Returns an unsigned number of 1 to 8 bytes, below 2^63.
    package mutating func number(at offset: Int, bytes count: Int, isBigEndian: Bool) throws -> Int {
        var value: UInt64 = 0
        let bytes = try bytes(at: offset, count: min(8, count))
        for byte in isBigEndian ? Array(bytes) : bytes.reversed() { value = value << 8 | UInt64(byte) }
        guard let number = Int(exactly: value) else { throw Fault.outside }
        return number
    }

    /// Whether the file has these bytes at an offset.
    package mutating func has(_ wanted: [UInt8], at offset: Int) throws -> Bool {
        guard offset >= 0, let end = offset.plus(wanted.count), end <= size else { return false }
        return try bytes(at: offset, count: wanted.count).elementsEqual(wanted)
    }
}
