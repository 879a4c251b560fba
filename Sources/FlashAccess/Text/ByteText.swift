import FlashModel

/// A line or a word that a board printed: bytes, with what parsers need.
///
/// Bytes rather than a `String`, because a board's output need not be valid UTF-8, and because Swift combines a quote
/// with a following accent, or CR with LF, into one character.
package struct ByteText: Hashable {
    /// The bytes.
    package var bytes: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    package init(_ text: String) { bytes = ArraySlice(text.utf8) }

    package var isEmpty: Bool { bytes.isEmpty }

    /// The lines of a reply, without line ends, within ``BoardLimits``.
    package static func lines(of output: [UInt8]) -> [ByteText] {
        output.prefix(BoardLimits.replyBytes)
            .split(separator: 0x0A, maxSplits: BoardLimits.lines, omittingEmptySubsequences: false)
            .prefix(BoardLimits.lines)
            .map { line in
                var line = line.prefix(BoardLimits.lineBytes)
                while line.last == 0x0D { line.removeLast() }
                return ByteText(line)
            }
    }

    /// The text; invalid UTF-8 becomes U+FFFD. At most `limit` bytes are used.
    package func string(limit: Int = 256) -> String { String(decoding: bytes.prefix(limit), as: UTF8.self) }

    /// The text as a partition name; different names stay different (``FlashModel/NameText``). At most `limit` bytes
    /// are used.
    package func name(limit: Int = 256) -> String { NameText.text(bytes.prefix(limit)) }

    /// The text without spaces, tabs, CR and LF at both ends.
    package var trimmed: ByteText {
        var rest = bytes
        while let first = rest.first, Self.isBlank(first) { rest.removeFirst() }
        while let last = rest.last, Self.isBlank(last) { rest.removeLast() }
        return ByteText(rest)
    }

    package func hasPrefix(_ literal: String) -> Bool { bytes.starts(with: literal.utf8) }

    package func hasSuffix(_ literal: String) -> Bool { bytes.reversed().starts(with: literal.utf8.reversed()) }

    /// The index of the first occurrence of a literal.
    private func firstIndex(of literal: String) -> Int? {
        let wanted = Array(literal.utf8)
        guard let start = wanted.first, bytes.count >= wanted.count else { return nil }
        var position = bytes.startIndex
        let last = bytes.endIndex - wanted.count
        while position <= last {
            guard let found = bytes[position...last].firstIndex(of: start) else { return nil }
            if bytes[found..<(found + wanted.count)].elementsEqual(wanted) { return found }
            position = found + 1
        }
        return nil
    }

    package func contains(_ literal: String) -> Bool { firstIndex(of: literal) != nil }

    /// The text after the first occurrence of a literal.
    package func after(_ literal: String) -> ByteText? {
        firstIndex(of: literal).map { ByteText(bytes[($0 + literal.utf8.count)...]) }
    }

    /// The text before the first occurrence of a literal.
    package func before(_ literal: String) -> ByteText? {
        firstIndex(of: literal).map { ByteText(bytes[..<$0]) }
    }

    /// The text after a literal at the start; nil if it does not start with that.
    package func dropping(_ literal: String) -> ByteText? {
        hasPrefix(literal) ? ByteText(bytes.dropFirst(literal.utf8.count)) : nil
    }

    /// The text before the last occurrence of a byte.
    package func beforeLast(_ byte: UInt8) -> ByteText? {
        bytes.lastIndex(of: byte).map { ByteText(bytes[..<$0]) }
    }

    /// The text between the first quote and the last. The kernel prints names like this, without escaping.
    package var quoted: ByteText? {
        guard let first = bytes.firstIndex(of: 0x22), let last = bytes.lastIndex(of: 0x22), first < last else {
            return nil
        }
        return ByteText(bytes[(first + 1)..<last])
    }

    /// The text with ASCII letters in lower case.
    package var lowercased: ByteText {
        ByteText(ArraySlice(bytes.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }))
    }

    /// The words, separated by white space.
    package var words: [ByteText] { bytes.split(whereSeparator: Self.isBlank).map(ByteText.init) }

    /// The parts separated by a byte, including empty ones.
    package func split(_ byte: UInt8, most: Int = 10_000) -> [ByteText] {
        bytes.split(separator: byte, maxSplits: most, omittingEmptySubsequences: false).map(ByteText.init)
    }

    /// The value as a decimal number; nil if it is not one, or exceeds ``BoardLimits``.
    package var decimal: Int? { Self.number(bytes, radix: 10) }

    /// The value as a hexadecimal number, with or without `0x`; nil if it is not one, or exceeds ``BoardLimits``.
    package var hexadecimal: Int? {
        Self.number(hasPrefix("0x") || hasPrefix("0X") ? bytes.dropFirst(2) : bytes, radix: 16)
    }

    /// Removes a decimal number from the start; nil if there is none.
    package mutating func takeDecimal() -> Int? {
        let digits = bytes.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard let value = Self.number(digits, radix: 10) else { return nil }
        bytes = bytes.dropFirst(digits.count)
        return value
    }

    /// Removes a hexadecimal number from the start, with or without `0x`; nil if there is none.
    package mutating func takeHexadecimal() -> Int? {
        let rest = hasPrefix("0x") || hasPrefix("0X") ? bytes.dropFirst(2) : bytes
        let digits = rest.prefix { Self.digit($0) != nil }
        guard let value = Self.number(digits, radix: 16) else { return nil }
        bytes = rest.dropFirst(digits.count)
        return value
    }

    /// Removes a literal from the start; false if it is not there.
    package mutating func take(_ literal: String) -> Bool {
        guard let rest = dropping(literal) else { return false }
        self = rest
        return true
    }

    package mutating func takeBlanks() {
        bytes = bytes.drop(while: Self.isBlank)
    }

    package static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x61...0x66: Int(byte) - 0x61 + 10
        case 0x41...0x46: Int(byte) - 0x41 + 10
        default: nil
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>, radix: Int) -> Int? {
        guard !digits.isEmpty else { return nil }
        var value = 0
        for byte in digits {
            guard let digit = digit(byte), digit < radix else { return nil }
            value = value * radix + digit
            // Checked at each digit, so that the value cannot overflow.
            guard value <= BoardLimits.number else { return nil }
        }
        return value
    }
}
