/// Recognizes a terminal's escape sequences in a stream of bytes: those of one character, and control sequences (ECMA-48
/// sections 5.3 and 5.4). Pure.
package struct EscapeSequences: Sendable {
    private enum State: Sendable {
        case outside
        case begun
        case inControlSequence
    }

    private var state = State.outside

    package init() {}

    /// Takes the next byte.
    ///
    /// - Returns: whether it belongs to a sequence.
    package mutating func take(_ byte: UInt8) -> Bool {
        switch state {
        case .outside:
            guard byte == 0x1B else { return false }
            state = .begun
        case .begun: state = byte == 0x5B ? .inControlSequence : .outside
        case .inControlSequence: if (0x40...0x7E).contains(byte) { state = .outside }
        }
        return true
    }
}
