/// The words and brackets of a Swift source, without comments, regular expressions and the text of strings;
/// interpolations count as code.
struct SwiftTokens {
    enum Token: Equatable {
        case word(String)
        case symbol(UInt8)
    }

    private(set) var tokens: [(token: Token, line: Int)] = []

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1

    /// The context of the position.
    private enum Mode {
        /// Code. An interpolation ends at the parenthesis that closes this depth of brackets; nil for the file.
        case code(end: Int?)
        case string(hashes: Int, isMultiline: Bool)
    }

    private var modes: [Mode] = [.code(end: nil)]
    private var depth = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
        while position < bytes.count {
            switch modes.last {
            case .code(let end)?: code(end)
            case .string(let hashes, let isMultiline)?: string(hashes, isMultiline)
            case nil: return
            }
        }
    }

    private func byte(_ offset: Int) -> UInt8 { position + offset < bytes.count ? bytes[position + offset] : 0 }

    private func starts(with text: [UInt8]) -> Bool { bytes[position...].starts(with: text) }

    private mutating func add(_ token: Token) { tokens.append((token, line)) }

    private mutating func code(_ end: Int?) {
        let first = bytes[position]
        switch first {
        case UInt8(ascii: "\n"):
            line += 1
            position += 1
        case UInt8(ascii: " "): position += 1
        case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
            while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
        case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): comment()
        case UInt8(ascii: "\""), UInt8(ascii: "#"):
            var hashes = 0
            while byte(hashes) == UInt8(ascii: "#") { hashes += 1 }
            guard byte(hashes) == UInt8(ascii: "\"") else {
                if byte(hashes) == UInt8(ascii: "/") { expression(hashes) } else { position += 1 }
                return
            }
            position += hashes
            let isMultiline = byte(1) == UInt8(ascii: "\"") && byte(2) == UInt8(ascii: "\"")
            position += isMultiline ? 3 : 1
            modes.append(.string(hashes: hashes, isMultiline: isMultiline))
        case let letter where Self.isWord(letter):
            let start = position
            while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
            add(.word(String(decoding: bytes[start..<position], as: UTF8.self)))
        default:
            if first == UInt8(ascii: "(") { depth += 1 }
            if first == UInt8(ascii: ")") {
                if depth == end { modes.removeLast() }
                depth -= 1
            }
            if first != UInt8(ascii: "`") { add(.symbol(first)) }
            position += 1
        }
    }

    /// Skips a comment, which may be nested.
    private mutating func comment() {
        var level = 0
        repeat {
            if starts(with: [UInt8(ascii: "/"), UInt8(ascii: "*")]) {
                level += 1
                position += 2
            } else if starts(with: [UInt8(ascii: "*"), UInt8(ascii: "/")]) {
                level -= 1
                position += 2
            } else {
                if bytes[position] == UInt8(ascii: "\n") { line += 1 }
                position += 1
            }
        } while level > 0 && position < bytes.count
    }

    /// Skips a regular expression, such as `#/[)}]/#`.
    private mutating func expression(_ hashes: Int) {
        let end = [UInt8(ascii: "/")] + [UInt8](repeating: UInt8(ascii: "#"), count: hashes)
        position += hashes + 1
        while position < bytes.count, !starts(with: end) {
            if bytes[position] == UInt8(ascii: "\n") { line += 1 }
            position += 1
        }
        position += end.count
        add(.symbol(UInt8(ascii: "\"")))
    }

    private mutating func string(_ hashes: Int, _ isMultiline: Bool) {
        let marks = [UInt8](repeating: UInt8(ascii: "#"), count: hashes)
        switch bytes[position] {
        case UInt8(ascii: "\""):
            let end = [UInt8](repeating: UInt8(ascii: "\""), count: isMultiline ? 3 : 1) + marks
            if starts(with: end) {
                modes.removeLast()
                position += end.count
                // A placeholder for the value, so that the surrounding words are not adjacent.
                add(.symbol(UInt8(ascii: "\"")))
            } else {
                position += 1
            }
        case UInt8(ascii: "\\") where starts(with: [UInt8(ascii: "\\")] + marks):
            position += 1 + hashes
            if byte(0) == UInt8(ascii: "(") {
                depth += 1
                add(.symbol(UInt8(ascii: "(")))
                modes.append(.code(end: depth))
            }
            // A line continuation.
            if byte(0) == UInt8(ascii: "\n") { line += 1 }
            position += 1
        case UInt8(ascii: "\n"):
            line += 1
            position += 1
            if !isMultiline { modes.removeLast() }
        default: position += 1
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }
}
