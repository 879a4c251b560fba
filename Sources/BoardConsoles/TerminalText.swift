/// Removes what a terminal adds to text. Pure.
package enum TerminalText {
    /// Text as the board's program wrote it: escape sequences removed, `CR LF` turned into `LF`, NUL and other lone
    /// control characters removed (ECMA-48, section 5.4 for the form of control sequences).
    package static func plain(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var state = State.text
        for byte in bytes {
            switch state {
            case .text:
                switch byte {
                case 0x1B: state = .escape
                case 0x09, 0x0A: result.append(byte)
                case 0x0D: break
                case 0x00..<0x20, 0x7F: break
                default: result.append(byte)
                }
            case .escape:
                switch byte {
                case UInt8(ascii: "["): state = .sequence
                case UInt8(ascii: "]"): state = .string
                default: state = .text
                }
            case .sequence:
                if (0x40...0x7E).contains(byte) { state = .text }
            case .string:
                if byte == 0x07 { state = .text } else if byte == 0x1B { state = .escape }
            }
        }
        return result
    }

    private enum State {
        case text
        case escape
        case sequence
        case string
    }

    /// Text without kernel messages: each is removed from its time stamp to the end of that line, so that text torn
    /// apart by a message is joined again. Messages without times (`printk.time=0`) cannot be distinguished from other
    /// output.
    ///
    /// A message is `[   12.345678] text`, preceded by the level as `<6>` and followed by the caller as `[    T1]` if
    /// the kernel is built so (Linux `kernel/printk/printk.c`, `print_time`, `print_syslog`).
    ///
    /// - Returns: the remaining text, and whether there was a message.
    package static func withoutKernelMessages(_ text: [UInt8]) -> (text: [UInt8], hadMessages: Bool) {
        guard text.contains(UInt8(ascii: "[")) else { return (text, false) }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var hadMessages = false
        var rest = text[...]
        while let bracket = rest.firstIndex(of: UInt8(ascii: "[")) {
            guard isTime(rest[bracket...]) else {
                result += rest[...bracket]
                rest = rest[(bracket + 1)...]
                continue
            }
            hadMessages = true
            result += withoutLevel(rest[..<bracket])
            rest = rest[bracket...].firstIndex(of: 0x0A).map { rest[($0 + 1)...] } ?? []
        }
        result += rest
        // A message whose start is still incomplete.
        if hadMessages, let bracket = result.suffix(24).lastIndex(of: UInt8(ascii: "[")),
            result[(bracket + 1)...].allSatisfy({ $0 == 0x20 || $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) })
        {
            result = Array(withoutLevel(result[..<bracket]))
        }
        return (result, hadMessages)
    }

    /// Whether the bytes begin with `[`, blanks, seconds, a point, six digits and `]`.
    private static func isTime(_ bytes: ArraySlice<UInt8>) -> Bool {
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        let number = bytes.dropFirst().prefix(24).drop { $0 == 0x20 }
        let seconds = number.prefix(while: isDigit)
        let rest = number.dropFirst(seconds.count)
        return !seconds.isEmpty && rest.count >= 8 && rest.first == UInt8(ascii: ".")
            && rest.dropFirst().prefix(6).allSatisfy(isDigit) && rest.dropFirst(7).first == UInt8(ascii: "]")
    }

    /// Removes a `<6>` at the end.
    private static func withoutLevel(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard bytes.last == UInt8(ascii: ">"), let start = bytes.suffix(5).lastIndex(of: UInt8(ascii: "<")),
            bytes[(start + 1)...].dropLast().allSatisfy({ (0x30...0x39).contains($0) })
        else { return bytes }
        return bytes[..<start]
    }

    /// The last lines of a board's output, safe to show to a person: printable ASCII, at most 300 characters.
    package static func lastLines(_ bytes: [UInt8], count: Int = 3) -> String {
        let text = plain(bytes.suffix(4_096)).map { (0x20..<0x7F).contains($0) || $0 == 0x0A ? $0 : UInt8(ascii: ".") }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
            .filter { !$0.allSatisfy { $0 == " " } }
        return String(lines.suffix(count).joined(separator: " | ").suffix(300))
    }
}
