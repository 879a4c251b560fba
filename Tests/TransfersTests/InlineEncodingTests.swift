import Foundation
import Testing
import Transfers

/// Encodings, tested with this computer's real tools in place of the board's.
@Suite struct InlineEncodingTests {
    static let all =
        InlineEncoding.TextForm.allCases.flatMap {
            [InlineEncoding(isCompressed: false, text: $0)]
                + ($0 == .tr ? [] : [InlineEncoding(isCompressed: true, text: $0)])
        } + [.raw, InlineEncoding(isCompressed: true, text: nil)]

    static let patterns: [[UInt8]] = [
        [], [0], [10], [13, 10], [13, 13, 10, 10, 13], (0...255).map { UInt8($0) },
        (0..<5_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 9) },
        [UInt8](repeating: 0xFF, count: 4_096),
    ]

    private func shell(
        _ input: [UInt8], _ command: (_ read: String) -> String
    ) throws -> [UInt8]? {
        let file = FileManager.default.temporaryDirectory.appending(path: "encoding-\(UUID().uuidString)")
        try Data(input).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command("cat \(file.path)")]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? [UInt8](bytes) : nil
    }

    @Test(arguments: all)
    func whatTheToolsMakeIsTurnedBack(encoding: InlineEncoding) throws {
        for tool in encoding.tools where try shell([], { "\($0)|command -v \(tool)" }) == nil { return }
        for pattern in Self.patterns {
            let arrived = try #require(try shell(pattern) { read in encoding.command(read) { $0 } })
            #expect(encoding.decode(arrived, lineEndsAreMapped: false, limit: 8_192) == pattern)
            #expect(arrived.count <= encoding.arrivalLimit(for: pattern.count))
            let mapped = arrived.flatMap { $0 == 10 ? [13, 10] : [$0] }
            #expect(encoding.decode(mapped, lineEndsAreMapped: true, limit: 8_192) == pattern)
            if pattern.count > 8 {
                #expect(encoding.decode(arrived, lineEndsAreMapped: false, limit: pattern.count - 1) == nil)
            }
        }
    }

    @Test func damageIsNoticedOrNothing() throws {
        let packed = try #require(try shell(Self.patterns[6]) { "\($0)|gzip -c" })
        let gzip = InlineEncoding(isCompressed: true, text: nil)
        for index in stride(from: 10, to: packed.count, by: 37) {
            var damaged = packed
            damaged[index] ^= 0x10
            #expect(gzip.decode(damaged, lineEndsAreMapped: false, limit: 8_192) != Self.patterns[5])
            #expect(gzip.decode(Array(packed[..<index]), lineEndsAreMapped: false, limit: 8_192) == nil)
        }
    }

    @Test(arguments: ["A", "AB=A", "====", "A===", "AA=", "Zg=", "Zg!=", "Zm9vYg"])
    func notBase64(text: String) {
        #expect(TextDecoding.base64(Array(text.utf8)) == nil)
    }

    @Test(arguments: [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9v\r\nYmFy", "foobar")])
    func base64(text: String, expected: String) {
        // RFC 4648, section 10.
        #expect(TextDecoding.base64(Array(text.utf8)) == Array(expected.utf8))
    }

    @Test func tabsNeverCross() throws {
        for pattern in Self.patterns + [[9, 1, 2, 9, 9, 2, 1, 1]] {
            let encoding = InlineEncoding(isCompressed: false, text: .tr)
            let arrived = try #require(try shell(pattern) { read in encoding.command(read) { $0 } })
            #expect(!arrived.contains(9))
            #expect(encoding.decode(arrived, lineEndsAreMapped: false, limit: 8_192) == pattern)
            for index in stride(from: 0, to: arrived.count, by: 7) {
                var damaged = arrived
                damaged[index] ^= 0x40
                #expect(encoding.decode(damaged, lineEndsAreMapped: false, limit: 8_192) == nil)
            }
        }
    }

    @Test(arguments: ["0", "0g", "0 0", "00 1", "0x00"])
    func notHexadecimal(text: String) {
        #expect(TextDecoding.hexadecimal(Array(text.utf8)) == nil)
    }
}
