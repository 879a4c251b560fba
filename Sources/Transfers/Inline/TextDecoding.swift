/// Decodes the text forms that board tools produce. Pure; nil if a text is damaged.
package enum TextDecoding {
    /// Base64 (RFC 4648, section 4), with line ends anywhere and padding only at the end.
    package static func base64(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        var group: UInt32 = 0
        var count = 0
        var padding = 0
        for character in text {
            if character == 0x0A || character == 0x0D { continue }
            if character == UInt8(ascii: "=") {
                padding += 1
                guard padding <= 2 else { return nil }
                continue
            }
            guard padding == 0, let value = base64Value(character) else { return nil }
            group = group << 6 | UInt32(value)
            count += 1
            if count == 4 {
                result.append(UInt8(truncatingIfNeeded: group >> 16))
                result.append(UInt8(truncatingIfNeeded: group >> 8))
                result.append(UInt8(truncatingIfNeeded: group))
                group = 0
                count = 0
            }
        }
        switch (count, padding) {
        case (0, 0): break
        case (2, 2): result.append(UInt8(truncatingIfNeeded: group >> 4))
        case (3, 1):
            result.append(UInt8(truncatingIfNeeded: group >> 10))
            result.append(UInt8(truncatingIfNeeded: group >> 2))
        default: return nil
        }
        return result
    }

    /// The base64 form of uuencode (POSIX `uuencode -m`): a `begin-base64` line, base64, a line `====`.
    package static func uuencodedBase64(_ text: [UInt8]) -> [UInt8]? {
        var lines = text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })[...]
        guard let first = lines.popFirst(), first.starts(with: Array("begin-base64 ".utf8)),
            let last = lines.popLast(), last.elementsEqual(Array("====".utf8))
        else { return nil }
        return base64(lines.joined())
    }

    /// The ``InlineEncoding/TextForm/tr`` form: the same bytes twice, once with each tab replaced by 1, then with each
    /// 1 replaced by 2 and each tab by 1. All other bytes must be equal in both copies.
    package static func twiceWithoutTabs(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count % 2 == 0 else { return nil }
        let half = bytes.count / 2
        var result: [UInt8] = []
        result.reserveCapacity(half)
        for (first, second) in zip(bytes[..<half], bytes[half...]) {
            switch (first, second) {
            case (1, 1): result.append(0x09)
            case (1, 2): result.append(1)
            case (0x09, _), (1, _): return nil
            default:
                guard first == second else { return nil }
                result.append(first)
            }
        }
        return result
    }

    /// Hexadecimal, two digits a byte, with blanks and line ends between bytes.
    package static func hexadecimal(_ text: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 2)
        var high: UInt8?
        for character in text {
            let value: UInt8
            switch character {
            case 0x30...0x39: value = character - 0x30
            case 0x61...0x66: value = character - 0x61 + 10
            case 0x20, 0x09, 0x0A, 0x0D:
                guard high == nil else { return nil }
                continue
            default: return nil
            }
            if let known = high {
                result.append(known << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? result : nil
    }

    private static func base64Value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
