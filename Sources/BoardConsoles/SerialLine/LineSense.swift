/// Whether what a serial line brings makes sense: text, or what a receiver reads at another rate than the sender's. Pure.
///
/// Read at another rate, letters become bytes of all values, control characters and bits of line ends among them, while
/// a console prints letters, and lines that end in CR LF. So bytes that no console prints are counted, with line feeds
/// that stand alone, and backspaces half, since countdowns write them.
/// Recorded logs with one damaged character in thirty have less than a tenth of these; the same logs read at a wrong
/// rate have a seventh and more in a hundred bytes, and about a half on the average.
package enum LineSense: Sendable, Hashable {
    /// Lines of text.
    case text
    /// What no console prints.
    case garbage
    /// Too little to tell, or neither.
    case unclear

    /// Judges the last bytes that came.
    package init(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes.suffix(256))
        var odd = 0
        var hasLineEnd = false
        for (index, byte) in bytes.enumerated() {
            let before = index > 0 ? bytes[index - 1] : nil
            let after = index + 1 < bytes.count ? bytes[index + 1] : nil
            switch byte {
            case 0x20..<0x7F, 0x07, 0x09, 0x0D, 0x1B: break
            // A line editor takes a character away by writing a blank over it.
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
        // A share of `odd` over twice the count, in twentieths.
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
