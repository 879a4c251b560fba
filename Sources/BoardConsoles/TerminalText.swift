/// What a terminal adds to text, taken off again. Pure.
package enum TerminalText {
    /// Text as a board's program wrote it: escape sequences gone, `CR LF` made `LF`, NUL and other lone control
    /// characters gone (ECMA-48, section 5.4 for the form of control sequences).
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

    /// The last lines of what a board sent, safe to show to a person: printable ASCII, at most 300 characters.
    package static func lastLines(_ bytes: [UInt8], count: Int = 3) -> String {
        let text = plain(bytes.suffix(4_096)).map { (0x20..<0x7F).contains($0) || $0 == 0x0A ? $0 : UInt8(ascii: ".") }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
            .filter { !$0.allSatisfy { $0 == " " } }
        return String(lines.suffix(count).joined(separator: " | ").suffix(300))
    }

    /// Whether bytes look like a line read at the wrong rate: many bytes that no text has.
    package static func isGarbage(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 8 else { return false }
        let odd = bytes.count { $0 >= 0x80 || ($0 < 0x20 && ![0x07, 0x08, 0x09, 0x0A, 0x0D, 0x1B].contains($0)) }
        return odd * 3 > bytes.count
    }
}
