/// Whether the bytes from a serial line are readable: text, or what a receiver reads at a rate other than the sender's.
/// Pure.
///
/// Read at another rate, letters become bytes of all values, including control characters and fragments of line ends,
/// while a console prints letters, and lines that end in CR LF. So bytes that no console prints are counted, as are
/// lone line feeds, and backspaces at half weight, because countdowns print them. In recorded logs with one damaged
/// character in thirty, fewer than a tenth of the bytes count; in the same logs read at a wrong rate, a seventh or more
/// of a hundred bytes, and about half on average.
package enum LineSense: Sendable, Hashable {
    /// Lines of text.
    case text
    /// Bytes that no console prints.
    case garbage
    /// Too little to tell, or neither.
    case unclear

    /// Judges the last bytes received.
    package init(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes.suffix(256))
        var odd = 0
        var hasLineEnd = false
        for (index, byte) in bytes.enumerated() {
            let before = index > 0 ? bytes[index - 1] : nil
            let after = index + 1 < bytes.count ? bytes[index + 1] : nil
            switch byte {
            case 0x20..<0x7F, 0x07, 0x09, 0x0D, 0x1B: break
            // A line editor deletes a character by overwriting it with a blank.
            case 0x08: odd += before == 0x20 || after == 0x20 ? 0 : 1
            case 0x0A:
                if before == 0x0D || after == 0x0D {
                    hasLineEnd = true
                } else if before != 0x0A, before != nil {
                    odd += 2
                }
            default: odd += 2
            }
        }
        // Compares the share of `odd` in twice the count, in twentieths.
        func isAtLeast(_ twentieths: Int) -> Bool { odd * 10 >= bytes.count * twentieths }
        let limit = bytes.count < 16 ? 10 : bytes.count < 96 ? 8 : 3
        if bytes.count >= 8, isAtLeast(limit) {
            self = .garbage
        } else if bytes.count >= 6, hasLineEnd, !isAtLeast(2) {
            self = .text
        } else {
            self = .unclear
        }
    }
}
