package import FlashAccess

/// One line of a hexadecimal dump: an address, the bytes in groups, and often the same as characters, which repeat most
/// of the bytes. Pure.
///
/// It takes all layouts that bootloaders print and that differ only in blanks, and none in which a digit is missing.
package struct HexDumpLine: Sendable, Hashable {
    /// How a bootloader prints a line.
    package struct Layout: Sendable, Hashable {
        /// What follows the address, such as `:`; empty for a blank alone.
        package var mark: String
        /// The hexadecimal digits of a group: 2 for bytes, 8 for words whose bytes are in the order of their addresses.
        package var digits: Int
        /// Whether the digits are in capitals; the other kind is then a flipped bit.
        package var isUppercase: Bool
        /// Whether the address is in capitals.
        package var hasUppercaseAddress: Bool
        /// Whether the characters must follow. Otherwise they are checked if they are there.
        package var needsCharacters: Bool
        /// The byte from which on characters are shown as points; what is below a blank is, too.
        package var firstHidden: UInt8

        package init(
            mark: String = ":", digits: Int = 2, isUppercase: Bool, hasUppercaseAddress: Bool? = nil,
            needsCharacters: Bool = true, firstHidden: UInt8 = 0x7F
        ) {
            self.mark = mark
            self.digits = digits
            self.isUppercase = isUppercase
            self.hasUppercaseAddress = hasUppercaseAddress ?? isUppercase
            self.needsCharacters = needsCharacters
            self.firstHidden = firstHidden
        }
    }

    package let address: UInt64
    /// 16 of them, or fewer in a last line.
    package let bytes: [UInt8]

    /// nil if the line has another form, or was damaged in transit.
    package init?(_ line: ByteText, _ layout: Layout) {
        let digits = line.bytes.prefix(8)
        guard let address = Self.value(digits, isUppercase: layout.hasUppercaseAddress, count: 8),
            let rest = ByteText(line.bytes.dropFirst(8)).dropping(layout.mark)
        else { return nil }
        guard let (bytes, tail) = Self.groups(rest, layout), !bytes.isEmpty,
            Self.isShown(bytes, in: tail, layout)
        else { return nil }
        self.address = UInt64(address)
        self.bytes = bytes
    }

    /// The bytes of the intact lines of a reply, by address. Lines that contradict each other are left out.
    package static func lines(of reply: ConsoleReply, _ layout: Layout) -> [UInt64: [UInt8]] {
        var lines: [UInt64: [UInt8]] = [:]
        var contradicted: Set<UInt64> = []
        for text in reply.lines {
            guard let line = HexDumpLine(text, layout) else { continue }
            if contradicted.contains(line.address) || lines[line.address].map({ $0 != line.bytes }) == true {
                contradicted.insert(line.address)
                lines[line.address] = nil
            } else {
                lines[line.address] = line.bytes
            }
        }
        return lines
    }

    /// Takes groups of digits, each behind one or more blanks; a wide gap ends them, except in the middle.
    private static func groups(_ text: ByteText, _ layout: Layout) -> (bytes: [UInt8], tail: ByteText)? {
        var bytes: [UInt8] = []
        var rest = text.bytes
        let most = layout.mark.isEmpty ? 2 : 3
        while bytes.count < DumpedLines.lineSize {
            let blanks = rest.prefix { $0 == 0x20 || $0 == 0x09 }
            // Groups stand close together; before the first one and in the middle there may be a wider gap.
            let limit = bytes.isEmpty ? most : bytes.count == 8 ? 2 : 1
            guard !blanks.isEmpty, blanks.count <= limit else { break }
            let group = rest.dropFirst(blanks.count).prefix(layout.digits)
            guard let value = value(group, isUppercase: layout.isUppercase, count: layout.digits) else { break }
            rest = rest.dropFirst(blanks.count + layout.digits)
            for place in stride(from: layout.digits / 2 - 1, through: 0, by: -1) {
                bytes.append(UInt8(truncatingIfNeeded: value >> (UInt32(place) * 8)))
            }
        }
        return bytes.count <= DumpedLines.lineSize ? (bytes, ByteText(rest)) : nil
    }

    /// Whether what follows the groups is nothing, or the same bytes as characters, perhaps between bars.
    private static func isShown(_ bytes: [UInt8], in tail: ByteText, _ layout: Layout) -> Bool {
        // DEL is a control character, which is not in the text of a reply.
        let shown = bytes.filter { $0 != 0x7F || layout.firstHidden <= 0x7F }
            .map { (0x20..<layout.firstHidden).contains($0) ? $0 : UInt8(ascii: ".") }
        // Blanks at the end belong to the characters, and may have been cut off.
        let text = tail.bytes.drop { $0 == 0x20 || $0 == 0x09 }
        if text.isEmpty { return !layout.needsCharacters || shown.allSatisfy { $0 == 0x20 } }
        if text.first == 0x7C, text.last == 0x7C, text.count == shown.count + 2 {
            return text.dropFirst().dropLast().elementsEqual(shown)
        }
        // Blanks may stand before them, and behind those of a short line; some of them may be blanks, too.
        var rest = tail.bytes
        while rest.count > shown.count, let first = rest.popFirst(), first == 0x20 || first == 0x09 {
            if rest.starts(with: shown), rest.dropFirst(shown.count).allSatisfy({ $0 == 0x20 }) { return true }
        }
        return false
    }

    private static func value(_ digits: ArraySlice<UInt8>, isUppercase: Bool, count: Int) -> UInt32? {
        guard digits.count == count, count <= 8 else { return nil }
        let wrong: ClosedRange<UInt8> = isUppercase ? 0x61...0x66 : 0x41...0x46
        var value: UInt32 = 0
        for byte in digits {
            guard !wrong.contains(byte), let digit = ByteText.hexadecimalValue(byte) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
