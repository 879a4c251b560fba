/// The unfinished line of a console's output, as a terminal would show it: without control characters and escape
/// sequences. Pure.
///
/// It works byte by byte, so that the same bytes give the same lines however they are split. Lines may end with CR LF,
/// LF CR or either of them.
package struct OpenLine: Sendable {
    /// What a byte did.
    package struct Change: Sendable {
        /// The line that it ended, which may be empty; nil if it ended none.
        package var ended: [UInt8]?
        /// Whether it was added to the open line.
        package var hasGrown = false
    }

    /// At most ``limit`` bytes.
    package private(set) var bytes: [UInt8] = []
    private var isReturned = false
    private var escapes = EscapeSequences()

    /// The most bytes kept of a line.
    package static let limit = 1_024

    package init() {}

    package mutating func take(_ byte: UInt8) -> Change {
        guard !escapes.take(byte) else { return Change() }
        switch byte {
        case 0x0A: return Change(ended: end())
        case 0x0D: isReturned = true
        case 0x08: if !bytes.isEmpty { bytes.removeLast() }
        case 0x00..<0x20 where byte != 0x09: break
        case 0x7F: break
        default:
            // After CR without LF the line is overwritten.
            var change = Change(ended: isReturned ? end() : nil)
            if bytes.count < Self.limit {
                bytes.append(byte)
                change.hasGrown = true
            }
            return change
        }
        return Change()
    }

    private mutating func end() -> [UInt8] {
        defer {
            bytes = []
            isReturned = false
        }
        return bytes
    }

    /// Whether the line ends with a prompt but has other text before it.
    ///
    /// - Parameter prompt: nil if it is not known.
    package func ends(with prompt: [UInt8]?) -> Bool {
        guard let prompt, !prompt.isEmpty, bytes.count > prompt.count else { return false }
        return bytes.suffix(prompt.count).elementsEqual(prompt)
    }
}
