/// A line of a transcript: what crossed a channel, in which direction, and when.
///
/// The format is text that people can read and a program can parse:
///
///     12.345678 > "cat /proc/mtd\n"
///     12.401003 < "dev:    size   erasesize  name\n"
///     12.500000 # 65536 bytes of flash data, crc32 1c291ca3
///
/// Seconds since the channel was opened, six decimals; `>` to the board, `<` from it, `#` a remark; the bytes in double
/// quotes with `\n`, `\r`, `\t`, `\"`, `\\`, and `\xHH` for everything else that is not printable ASCII.
package struct TranscriptEntry: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case sent = ">"
        case received = "<"
        case remark = "#"
    }

    /// The time since the channel was opened.
    package var time: Duration
    package var kind: Kind
    /// The bytes; the text of a remark.
    package var bytes: [UInt8]

    package init(time: Duration, kind: Kind, bytes: [UInt8]) {
        self.time = time
        self.kind = kind
        self.bytes = bytes
    }

    /// The line, including its line end.
    package var line: String {
        let (seconds, attoseconds) = time.components
        let micros = String(max(0, attoseconds) / 1_000_000_000_000)
        let stamp = "\(max(0, seconds))." + String(repeating: "0", count: max(0, 6 - micros.count)) + micros
        switch kind {
        case .remark: return "\(stamp) # \(String(decoding: bytes, as: UTF8.self))\n"
        case .sent, .received: return "\(stamp) \(kind.rawValue) \"\(Self.escape(bytes))\"\n"
        }
    }

    /// Parses a line; nil if it is not an entry.
    package init?(line: some StringProtocol) {
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let kind = Kind(rawValue: String(parts[1])) else { return nil }
        let stamp = parts[0].split(separator: ".")
        guard stamp.count == 2, let seconds = Int64(stamp[0]), let micros = Int64(stamp[1]), stamp[1].utf8.count == 6
        else { return nil }
        self.time = .seconds(seconds) + .microseconds(micros)
        self.kind = kind
        if kind == .remark {
            bytes = Array(parts[2].utf8)
            return
        }
        let text = Array(parts[2].utf8)
        guard text.count >= 2, text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\""),
            let bytes = Self.unescape(text.dropFirst().dropLast())
        else { return nil }
        self.bytes = bytes
    }

    /// All entries of a transcript file; other lines are skipped.
    package static func parse(_ text: String) -> [TranscriptEntry] {
        text.split(separator: "\n").compactMap { TranscriptEntry(line: $0) }
    }

    private static let digits = Array("0123456789abcdef".utf8)

    static func escape(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + bytes.count / 8)
        let backslash = UInt8(ascii: "\\")
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n"): text += [backslash, UInt8(ascii: "n")]
            case UInt8(ascii: "\r"): text += [backslash, UInt8(ascii: "r")]
            case UInt8(ascii: "\t"): text += [backslash, UInt8(ascii: "t")]
            case UInt8(ascii: "\""), backslash: text += [backslash, byte]
            case 0x20...0x7E: text.append(byte)
            default: text += [backslash, UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func unescape(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.next() {
            case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "\""): bytes.append(UInt8(ascii: "\""))
            case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "x"):
                guard let high = rest.next(), let low = rest.next(), let high = nibble(high), let low = nibble(low)
                else { return nil }
                bytes.append(high << 4 | low)
            default: return nil
            }
        }
        return bytes
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
