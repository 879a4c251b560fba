/// A reply of an FTP server (RFC 959, section 4.2). Pure.
struct FTPReply: Sendable, Hashable {
    /// 100...599.
    let code: Int
    let text: String

    init(_ code: Int, _ text: String) {
        self.code = code
        self.text = text
    }

    var line: String { "\(code) \(text)\r\n" }

    /// The place of a data connection (RFC 959, section 4.1.2, PASV).
    static func passive(_ address: IPv4Address, port: Int) -> FTPReply {
        let bytes = (0..<4).reversed().map { String(address.value >> (8 * UInt32($0)) & 0xFF) }
        return FTPReply(227, "Entering Passive Mode (\(bytes.joined(separator: ",")),\(port >> 8),\(port & 0xFF)).")
    }

    /// The same (RFC 2428, section 3).
    static func extendedPassive(port: Int) -> FTPReply {
        FTPReply(229, "Entering Extended Passive Mode (|||\(port)|)")
    }
}

/// A command of an FTP client (RFC 959, section 4.1), of those that an upload needs. Pure.
enum FTPCommand: Sendable, Hashable {
    case user
    case password
    case system
    /// Whether it asks for bytes as they are.
    case type(isImage: Bool)
    case passive
    case extendedPassive
    case allocate
    case store(String)
    case noOperation
    case quit
    case other

    /// The longest line, in bytes.
    static let limit = 512

    /// - Parameter line: without its line end.
    init(_ line: some Collection<UInt8>) {
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 1)
        let argument = words.dropFirst().first.map(String.init)
        switch words.first?.uppercased() {
        case "USER": self = .user
        case "PASS": self = .password
        case "SYST": self = .system
        case "TYPE": self = .type(isImage: argument?.uppercased().hasPrefix("I") == true)
        case "PASV": self = .passive
        case "EPSV": self = .extendedPassive
        case "ALLO": self = .allocate
        case "STOR": self = argument.map { .store($0) } ?? .other
        case "NOOP": self = .noOperation
        case "QUIT": self = .quit
        default: self = .other
        }
    }
}
