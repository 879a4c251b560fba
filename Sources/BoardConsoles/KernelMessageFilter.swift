/// Removes kernel console messages from a stream, so that the rest is contiguous as it was sent and keeps its own
/// pauses.
///
/// A message extends from its time stamp, preceded by a level such as `<6>`, to the end of its line (Linux
/// `kernel/printk/printk.c`, `print_time`, `print_syslog`). It is recognised however the stream is split. Messages
/// without times (`printk.time=0`) cannot be distinguished from other output. Pure.
package struct KernelMessageFilter: Sendable {
    /// The maximum number of message bytes kept for ``takeMessages()``.
    private static let keptBytes = 4_096
    /// The longest start of a message: level, bracket, blanks and seconds, point, six digits, bracket.
    private static let longestStart = 5 + 1 + 20 + 1 + 6 + 1

    /// Bytes that may be the start of a message.
    private var start: [UInt8] = []
    private var isInMessage = false
    private var messages: [UInt8] = []

    package init() {}

    /// Processes bytes, and returns those that are certainly not the kernel's.
    package mutating func take(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var rest: [UInt8] = []
        for byte in bytes {
            if isInMessage {
                keep(byte)
                if byte == 0x0A { isInMessage = false }
            } else if start.isEmpty, byte != UInt8(ascii: "["), byte != UInt8(ascii: "<") {
                rest.append(byte)
            } else {
                start.append(byte)
                examine(&rest)
            }
        }
        return rest
    }

    /// Handles a pause: a start that has not become a message is not one, and a message without an end is over.
    package mutating func release() -> [UInt8] {
        defer { start = [] }
        isInMessage = false
        return start
    }

    /// Returns the messages removed since the last call, at most the last 4 KiB.
    package mutating func takeMessages() -> [UInt8] {
        defer { messages = [] }
        return messages
    }

    /// Whether a message may be in progress: then the bytes that follow may not be complete output.
    package var isUndecided: Bool { isInMessage || !start.isEmpty }

    private mutating func examine(_ rest: inout [UInt8]) {
        while !start.isEmpty {
            switch Self.form(of: start) {
            case .whole:
                isInMessage = true
                for byte in start { keep(byte) }
                start = []
                return
            case .begun: return
            case .other: rest.append(start.removeFirst())
            }
        }
    }

    private mutating func keep(_ byte: UInt8) {
        messages.append(byte)
        if messages.count > 2 * Self.keptBytes { messages.removeFirst(messages.count - Self.keptBytes) }
    }

    private enum Form {
        case whole
        case begun
        case other
    }

    /// Whether the bytes are the start of a message: `<6>[   12.345678]`, with an optional level.
    private static func form(of bytes: [UInt8]) -> Form {
        guard bytes.count <= longestStart else { return .other }
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        var rest = bytes[...]
        if rest.first == UInt8(ascii: "<") {
            rest = rest.dropFirst()
            let level = rest.prefix(while: isDigit)
            guard level.count <= 3 else { return .other }
            rest = rest.dropFirst(level.count)
            guard let end = rest.popFirst() else { return .begun }
            guard end == UInt8(ascii: ">"), !level.isEmpty else { return .other }
        }
        guard let bracket = rest.popFirst() else { return .begun }
        guard bracket == UInt8(ascii: "[") else { return .other }
        rest = rest.drop { $0 == 0x20 }
        let seconds = rest.prefix(while: isDigit)
        rest = rest.dropFirst(seconds.count)
        guard let point = rest.popFirst() else { return .begun }
        guard point == UInt8(ascii: "."), !seconds.isEmpty else { return .other }
        let fraction = rest.prefix(while: isDigit)
        rest = rest.dropFirst(fraction.count)
        guard fraction.count <= 6 else { return .other }
        guard let end = rest.popFirst() else { return .begun }
        return end == UInt8(ascii: "]") && fraction.count == 6 ? .whole : .other
    }
}
