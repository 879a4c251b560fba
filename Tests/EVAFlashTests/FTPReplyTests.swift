import FlashAccess
import Testing

@testable import EVAFlash

/// Replies as AVM's loaders gave them to owners of boards.
@Suite("Replies of EVA and ADAM2")
struct FTPReplyTests {
    /// A Fritz!Box 7490, as it crossed the wire (IP-Phone-Forum, "Fritzbox 7490 recovery funktioniert nicht", page 3), and
    /// the checksum of a 7390 ("Wie 7390 wiederbeleben", page 3).
    private static let dialogue =
        "220 ADAM2 FTP Server ready\r\n331 Password required for adam2\r\n230 User adam2 successfully logged in\r\n"
        + "215 AVM EVA Version 1.1964 0x0 0x740D\r\nmemsize               0x10000000\r\n\r\n"
        + "200 GETENV command successful\r\n200 Type set to BINARY\r\n"
        + "227 Entering Passive Mode (192,168,178,1,12,2)\r\n150 Opening BINARY data connection\r\n"
        + "553 Execution failed.\r\n501 environment variable not set\r\n150 Flash check 0xD9544077\r\n"
        + "221 Thank you for using the FTP service on ADAM2\r\n221 Goodbye.\r\n"

    private static func replies(_ text: String, step: Int = .max) throws -> [FTPReply] {
        var reader = FTPReplyReader()
        var replies: [FTPReply] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            try reader.take(Array(rest.prefix(step)))
            rest = rest.dropFirst(step)
            while let reply = reader.next() { replies.append(reply) }
        }
        return replies
    }

    @Test("A dialogue, at every chunking", arguments: [1, 2, 3, 7, 64, .max])
    func dialogue(_ step: Int) throws {
        let replies = try Self.replies(Self.dialogue, step: step)
        #expect(
            replies.map(\.code) == [220, 331, 230, 215, 200, 200, 227, 150, 553, 501, 150, 221, 221])
        #expect(replies[3].text.string() == "AVM EVA Version 1.1964 0x0 0x740D")
        #expect(replies[4].value(of: "memsize")?.string() == "0x10000000")
        #expect(replies[4].value(of: "mem") == nil && replies[4].value(of: "mtd1") == nil)
        #expect(replies[6].passivePort == 12 * 256 + 2)
        #expect(replies[10].flashCheck == 0xD954_4077)
        #expect(
            replies.filter { $0.flashCheck != nil }.count == 1 && replies.filter { $0.passivePort != nil }.count == 1)
    }

    @Test("A checksum without padding, and what is none")
    func checks() throws {
        func check(_ text: String) throws -> UInt32? { try Self.replies(text + "\r\n").first?.flashCheck }
        #expect(try check("150 Flash check 0x1f") == 0x1F)
        #expect(try check("150 Flash check 0x0") == 0)
        for text in [
            "150 Flash check 0x", "150 Flash check 0x123456789", "150 Flash check 12345678", "200 Flash check 0x1",
            "150 Flash check 0x12 34", "150 Flash check 0xG", "150 Opening BINARY data connection",
        ] {
            #expect(try check(text) == nil, "\(text)")
        }
    }

    @Test(
        "Ports that are none",
        arguments: [
            "227 Entering Passive Mode (192,168,178,1,12)", "227 Entering Passive Mode (192,168,178,1,256,0)",
            "227 Entering Passive Mode (192,168,178,1,0,0)", "227 (1,2,3,4,5,6,7)", "227 Entering Passive Mode",
            "227 )1,2(",
            "227 (1,2,3,4,-5,6)", "227 (1,2,3,4,99999999999999999999,6)", "200 (1,2,3,4,5,6)",
        ])
    func ports(_ text: String) throws {
        #expect(try Self.replies(text + "\r\n").first?.passivePort == nil)
    }

    @Test("A value that comes twice with different words is none, and a line with dashes ends nothing")
    func values() throws {
        let reply = try #require(try Self.replies("maca  1\r\nmaca  2\r\n200-more\r\n200 done\r\n").first)
        #expect(reply.value(of: "maca") == nil && reply.lines.count == 3)
        let empty = try #require(try Self.replies("ptest\r\n200 GETENV command successful\r\n").first)
        #expect(empty.value(of: "ptest")?.isEmpty == true)
    }

    @Test("What has no end is refused")
    func endless() throws {
        #expect(throws: FTPReplyReader.Fault.longLine) { _ = try Self.replies(String(repeating: "x", count: 5_000)) }
        #expect(throws: FTPReplyReader.Fault.endless) {
            _ = try Self.replies(String(repeating: "a line\n", count: 100))
        }
        var reader = FTPReplyReader()
        #expect(throws: FTPReplyReader.Fault.endless) {
            try reader.take(Array(String(repeating: "200 fine\n", count: 100).utf8))
        }
    }

    @Test("Random bytes never trap")
    func random() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("0123456789 -(),x\r\nFlash check mtd".utf8)
        for _ in 0..<2_000 {
            var reader = FTPReplyReader()
            let bytes = (0..<200).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            guard (try? reader.take(bytes)) != nil else { continue }
            while let reply = reader.next() {
                _ = (reply.passivePort, reply.flashCheck, reply.value(of: "mtd"), reply.words)
            }
        }
    }
}
