import FlashAccess
import Foundation
import Testing
import UBootFlash

/// A recorded dialogue with a real U-Boot, split into commands and replies.
struct UBootTranscript {
    var bytes: [UInt8]
    var prompt: [UInt8]
    /// In the order of the dialogue; the command is its echo without the line end.
    var exchanges: [(command: String, reply: UBootReply)] = []

    static let prompts = ["maltael # ", "malta # ", "MX6QSABRELITE U-Boot > ", "VExpress# ", "=> "]

    init(_ name: String) throws {
        let bytes = try Self.bytes(name)
        let prompt = try #require(Self.prompts.map { Array($0.utf8) }.first { bytes.starts(with: $0) }, "\(name)")
        self.init(bytes, prompt: prompt)
    }

    /// Splits bytes that begin with the prompt.
    init(_ bytes: [UInt8], prompt: [UInt8]) {
        self.bytes = bytes
        self.prompt = prompt
        var starts = [0]
        for position in bytes.indices.dropFirst() where bytes[position...].starts(with: prompt) {
            // After LF, or after LF CR.
            let before = Array(bytes[..<position].suffix(2))
            if before.last == 10 || before == [10, 13] { starts.append(position) }
        }
        for (start, end) in zip(starts, starts.dropFirst() + [bytes.count]) {
            let rest = bytes[(start + prompt.count)..<max(end, start + prompt.count)]
            let command = rest.prefix { $0 != 13 && $0 != 10 }
            exchanges.append(
                (String(decoding: command, as: UTF8.self), UBootReply(output: Array(rest.dropFirst(command.count)))))
        }
    }

    /// The reply to the first occurrence of a command.
    func reply(_ command: String) throws -> UBootReply {
        try #require(exchanges.first { $0.command == command }?.reply, "\(command)")
    }

    /// The replies to all occurrences of a command.
    func replies(_ command: String) -> [UBootReply] { exchanges.filter { $0.command == command }.map(\.reply) }

    /// The first reply to each command.
    var byCommand: [String: UBootReply] {
        Dictionary(exchanges.map { ($0.command, $0.reply) }, uniquingKeysWith: { first, _ in first })
    }

    /// Reads a console log from its owner: `Fixtures/UBootConsoles`.
    init(console name: String, prompt: String) throws {
        self.init(try Self.console(name), prompt: Array(prompt.utf8))
    }

    /// The bytes of such a log.
    static func console(_ name: String) throws -> [UInt8] {
        let file = try folder().deletingLastPathComponent().appending(path: "UBootConsoles/\(name).txt")
        return Array(try Data(contentsOf: file))
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder().appending(path: name + ".txt")))
    }

    /// All recordings, by name.
    static func all() throws -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: folder().path) where file.hasSuffix(".txt") {
            result[String(file.dropLast(4))] = Array(try Data(contentsOf: folder().appending(path: file)))
        }
        return result
    }

    private static func folder() throws -> URL {
        try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil)).appending(path: "UBoot")
    }
}
