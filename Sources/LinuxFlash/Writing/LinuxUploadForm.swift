import FlashModel

#if canImport(FoundationEssentials)
    private import FoundationEssentials
#else
    private import Foundation
#endif

/// The encodings of bytes as lines of text, and their decoders on the board, cheapest first.
enum LinuxUploadForm: String, CaseIterable, Sendable {
    /// `base64 -d` (RFC 4648).
    case base64
    /// `uudecode` of `begin-base64` (POSIX.1-2017).
    case uudecode
    /// `xxd -r -p`.
    case xxd
    /// Commands of `printf` with three octal digits per byte, which every shell understands.
    case printf

    /// The best encoding that a board can decode.
    static func choose(_ toolbox: LinuxToolbox) -> LinuxUploadForm? { allCases.first { toolbox.has($0.rawValue) } }

    /// Whether the decoder can append to a file: `uudecode` opens it itself.
    var appends: Bool { self != .uudecode }

    /// The command that reads the lines and writes the bytes to a file.
    ///
    /// - Parameter appending: whether they are added to the file's end.
    func command(into file: String, appending: Bool = false, _ toolbox: LinuxToolbox) -> String {
        let tool = toolbox.invocation(rawValue)
        let target = "\(appending ? ">>" : ">")\(file)"
        return switch self {
        case .base64: "\(tool) -d \(target)"
        case .uudecode: "\(tool) -o \(file)"
        case .xxd: "\(tool) -r -p \(target)"
        case .printf: "sh \(target)"
        }
    }

    /// The bytes as lines.
    func lines(_ bytes: [UInt8], _ toolbox: LinuxToolbox) -> String {
        switch self {
        case .base64: Base64Lines.text(bytes)
        case .uudecode: "begin-base64 644 x\n\(Base64Lines.text(bytes))====\n"
        case .xxd:
            stride(from: 0, to: bytes.count, by: 30).map { start in
                Hexadecimal.text(bytes[start..<min(start + 30, bytes.count)]) + "\n"
            }.joined()
        case .printf:
            stride(from: 0, to: bytes.count, by: 64).map { start in
                let octal = bytes[start..<min(start + 64, bytes.count)].map { byte in
                    "\\\(byte >> 6)\(byte >> 3 & 7)\(byte & 7)"
                }
                return "\(toolbox.invocation("printf")) '\(octal.joined())'\n"
            }.joined()
        }
    }
}

/// Base64 (RFC 4648 section 4) in lines of 76 characters (RFC 2045 section 6.8).
private enum Base64Lines {
    static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed]) + "\n"
    }
}
