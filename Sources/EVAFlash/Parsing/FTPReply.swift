internal import FlashAccess

/// A reply of an FTP server (RFC 959, section 4.2).
struct FTPReply: Sendable, Hashable {
    /// 100 to 599.
    var code: Int
    /// What follows the code.
    var text: ByteText
    /// The lines before, without their ends. EVA sends the value of a variable there, without a code and with an empty
    /// line behind it.
    var lines: [ByteText]

    /// Whether another reply follows, in general.
    var isPreliminary: Bool { code < 200 }
    var isDone: Bool { (200..<300).contains(code) }
    /// Whether the command is not known, or not with these parameters.
    var isUnknownCommand: Bool { code == 500 || code == 501 || code == 502 || code == 504 }

    /// The reply as one line, for errors.
    var words: String { "\(code) \(text.string(limit: 100))" }
}

/// Puts the bytes of a control connection together to replies. Pure.
struct FTPReplyReader: Sendable {
    /// Why bytes are no replies.
    enum Fault: Error, Equatable {
        /// A line has more than ``lineBytes``.
        case longLine
        /// A reply has more than ``replyLines``, or more replies than ``replies`` came at once.
        case endless
    }

    static let lineBytes = 2_048
    static let replyLines = 64
    static let replies = 64

    private var line: [UInt8] = []
    private var lines: [ByteText] = []
    private var ready: [FTPReply] = []

    /// The next reply; nil if none is complete.
    mutating func next() -> FTPReply? { ready.isEmpty ? nil : ready.removeFirst() }

    /// Adds bytes.
    mutating func take(_ bytes: [UInt8]) throws(Fault) {
        for byte in bytes {
            guard byte == 0x0A else {
                guard line.count < Self.lineBytes else { throw .longLine }
                line.append(byte)
                continue
            }
            while line.last == 0x0D { line.removeLast() }
            let text = ByteText(line[...])
            line = []
            if let reply = Self.lastLine(text, lines) {
                guard ready.count < Self.replies else { throw .endless }
                ready.append(reply)
                lines = []
            } else {
                guard lines.count < Self.replyLines else { throw .endless }
                lines.append(text)
            }
        }
    }

    /// The reply that a line ends: three digits, then a blank or nothing.
    private static func lastLine(_ text: ByteText, _ lines: [ByteText]) -> FTPReply? {
        let digits = ByteText(text.bytes.prefix(3))
        guard digits.bytes.count == 3, let code = digits.decimal, (100...599).contains(code) else { return nil }
        let rest = text.bytes.dropFirst(3)
        guard rest.isEmpty || rest.first == 0x20 else { return nil }
        return FTPReply(code: code, text: ByteText(rest.dropFirst()), lines: lines)
    }
}

extension FTPReply {
    /// The port of `227 Entering Passive Mode (192,168,178,1,12,10)`; nil if it is none. The address is not looked at:
    /// data comes from the host of the control connection, and from no other.
    var passivePort: Int? {
        guard code == 227, let inside = text.after("(")?.before(")") else { return nil }
        let numbers = inside.split(0x2C, most: 6).map(\.decimal)
        guard numbers.count == 6, let high = numbers[4], let low = numbers[5], high < 256, low < 256 else { return nil }
        let port = high * 256 + low
        return port > 0 ? port : nil
    }

    /// The checksum of `150 Flash check 0xD9544077` (Freetz `tools/recover-eva`, check; YourFritz `eva_tools/EVA_FTP.cs`,
    /// where the digits are not padded); nil if it is none.
    var flashCheck: UInt32? {
        guard code == 150, let digits = text.dropping("Flash check 0x")?.trimmed, (1...8).contains(digits.bytes.count),
            let value = digits.address
        else { return nil }
        return UInt32(exactly: value)
    }

    /// The value of a variable: `maca                  00:04:0E:11:22:33` before the code.
    ///
    /// - Returns: nil if the reply has no such line, or several that differ.
    func value(of name: String) -> ByteText? {
        let values = lines.compactMap { line -> ByteText? in
            guard let rest = line.dropping(name), rest.bytes.first.map(ByteText.isBlank) != false else { return nil }
            return rest.trimmed
        }
        guard let first = values.first, values.allSatisfy({ $0 == first }) else { return nil }
        return first
    }
}
