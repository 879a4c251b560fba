import FlashAccess
import Foundation
import RedBootFlash
import TestSupport
import Testing

/// A recorded dialogue with a real RedBoot, split into commands and replies. `malta-2006-*` and so on name the sources
/// from which it was built; `malta-be-*` is big-endian.
struct RedBootRecording {
    static let prompt = Array("RedBoot> ".utf8)

    var bytes: [UInt8]
    /// In the order of the dialogue; the command is its echo without the line end.
    var exchanges: [(command: String, reply: ConsoleReply)] = []

    init(_ name: String) throws { self.init(try Self.bytes(name)) }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let prompt = Self.prompt
        var starts: [Int] = []
        for position in bytes.indices
        where bytes[position...].starts(with: prompt) && (position == 0 || bytes[position - 1] == 0x0A) {
            starts.append(position)
        }
        for (start, end) in zip(starts, starts.dropFirst() + [bytes.count]) {
            let rest = bytes[(start + prompt.count)..<max(end, start + prompt.count)]
            let command = rest.prefix { $0 != 13 && $0 != 10 }
            exchanges.append(
                (String(decoding: command, as: UTF8.self), ConsoleReply(output: Array(rest.dropFirst(command.count)))))
        }
    }

    /// The reply to the first occurrence of a command.
    func reply(_ command: String) throws -> ConsoleReply {
        try #require(exchanges.first { $0.command == command }?.reply, "\(command)")
    }

    /// The replies to all occurrences of a command.
    func replies(_ command: String) -> [ConsoleReply] { exchanges.filter { $0.command == command }.map(\.reply) }

    static func bytes(_ name: String) throws -> [UInt8] { try data(name + ".txt") }

    /// The bytes of a file that is no text.
    static func data(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder().appending(path: name)))
    }

    /// The names of all recordings, without those that are no text.
    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder().path)).map { $0 } ?? []
        return files.filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }.sorted()
    }()

    private static func folder() throws -> URL {
        try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil)).appending(path: "RedBoot")
    }

    /// The 128 KiB at 0xbe100000 of the recorded boards: a line of text, then xorshift32 (13, 17, 5) with the seed
    /// 0x12345678, in little-endian words, of which the text has replaced the first.
    static let content: [UInt8] = {
        var state: UInt32 = 0x1234_5678
        var bytes: [UInt8] = []
        while bytes.count < 0x2_0000 {
            state ^= state << 13
            state ^= state >> 17
            state ^= state << 5
            bytes += [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: state >> $0) }
        }
        bytes.replaceSubrange(0..<32, with: Array("Flashkeep test image, 32 bytes.\n".utf8))
        return bytes
    }()
}
