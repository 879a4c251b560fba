package import BoardConsoles

/// Recognizes Linux by its login prompt, or by a shell's reply to an unknown command.
package struct LinuxRecognizer: DialectRecognizer {
    /// The name of the dialect.
    package static let name = "Linux"

    private var line: [UInt8] = []

    package init() {}

    package var name: String { Self.name }
    package var isBootloader: Bool { false }

    /// The most bytes of a line that are considered: a prompt is short.
    private static let limit = 200

    package mutating func take(_ bytes: [UInt8]) -> [DialectSign] {
        var signs: [DialectSign] = []
        for byte in bytes {
            switch byte {
            case 0x0A, 0x0D: line = []
            case 0x08: _ = line.popLast()
            default:
                guard line.count < Self.limit else { continue }
                line.append(byte)
                if byte == 0x3A, isLogin { signs.append(.answers) }
            }
        }
        return signs
    }

    /// Whether the line asks for the user: `OpenWrt login:`.
    private var isLogin: Bool {
        let text = String(decoding: line, as: UTF8.self)
        return text.hasSuffix("login:") && text.split(whereSeparator: { $0 == " " || $0 == "\t" }).count <= 3
    }

    package func judge(_ reply: [UInt8], at candidate: [UInt8]) -> DialectVerdict {
        String(decoding: reply, as: UTF8.self).lowercased().contains("not found") ? .answers : .no
    }
}
