import BoardConsoles
import Testing

@Suite struct TerminalTextTests {
    @Test(arguments: [
        ("/ # \u{1B}[6n", "/ # "), ("a\r\nb\r\r\nc", "a\nb\nc"), ("\u{1B}]0;title\u{7}x", "x"),
        ("\u{1B}[1;31mred", "red"),
        ("a\u{8}b\u{7F}\0c", "abc"), ("tab\tstays", "tab\tstays"), ("\u{1B}", ""), ("\u{1B}[", ""),
    ])
    func whatTerminalsAddIsTakenOff(text: String, expected: String) {
        #expect(String(decoding: TerminalText.plain(Array(text.utf8)), as: UTF8.self) == expected)
    }

    @Test func lastLinesAreSafeToShow() {
        let hostile = Array("one\r\ntwo \u{1B}[2J\u{202E}\r\n\r\n   \r\nthree\u{7}".utf8) + [0x9B, 0xFF]
        let shown = TerminalText.lastLines(hostile)
        #expect(shown.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        #expect(shown.hasPrefix("one | two"))
        #expect(TerminalText.lastLines([UInt8](repeating: 0x41, count: 100_000)).count <= 300)
    }

    @Test(arguments: [
        ("nothing", "nothing"), ("[1] not a time", "[1] not a time"), ("[    1.234567]x\n", ""),
        ("ab[    1.234567] x\ncd", "abcd"), ("ab<12>[    1.234567][    T1] x\ncd", "abcd"),
        ("a>[ 1.234567] x\nb", "a>b"),
        ("[123456.234567] x", ""), ("[    1.23456] x", "[    1.23456] x"), ("[", "["),
        ("[     .234567] x", "[     .234567] x"),
        ("a[ 1.234567] x\nb[", "ab"), ("a[ 1.234567] x\nb<4>[  1.2345", "ab"), ("a[ 1.234567] x\nb[ y", "ab[ y"),
        ("7\t4\t1\t7\n[ 1.000000] [2.000000] x\n", "7\t4\t1\t7\n"),
    ])
    func whatTheKernelSaysIsTakenOut(text: String, expected: String) {
        let (left, hadMessages) = TerminalText.withoutKernelMessages(Array(text.utf8))
        #expect(String(decoding: left, as: UTF8.self) == expected)
        #expect(hadMessages == (text != expected))
    }

    @Test func garbageIsTold() {
        #expect(LineSense([0xF8, 0x00, 0xF0, 0x80, 0xFE, 0x78, 0x06, 0xE0, 0x1C]) == .garbage)
        #expect(LineSense(Array("BusyBox v1.35.0\r\n/ # \u{1B}[6n".utf8)) == .text)
    }
}

@Suite struct KernelMessageFilterTests {
    private static let stream =
        "<6>[    0.000000] Linux version 5.4\r\nOpenWrt lo[   12.345678] a [x] <y>\r\ngin: [1] [  3.14] <b> <12[<6>"
        + "[  123.456789][    T1] b\r\nPass<4>[99999.000001] c\r\nword: [   12.34"
    private static let rest = "OpenWrt login: [1] [  3.14] <b> <12[Password: "

    @Test func theKernelIsTakenOutHoweverTheStreamIsCut() {
        let bytes = Array(Self.stream.utf8)
        for size in [1, 2, 3, 7, 16, 1_000] {
            var filter = KernelMessageFilter()
            var rest: [UInt8] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                rest += filter.take(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(String(decoding: rest, as: UTF8.self) == Self.rest, "\(size)")
            #expect(filter.isUndecided)
            #expect(String(decoding: filter.release(), as: UTF8.self) == "[   12.34")
            #expect(!filter.isUndecided)
            let messages = String(decoding: filter.takeMessages(), as: UTF8.self)
            #expect(messages.contains("Linux version") && messages.hasSuffix("c\r\n"))
            #expect(filter.takeMessages().isEmpty)
        }
    }

    @Test func whatIsKeptIsBounded() {
        var filter = KernelMessageFilter()
        _ = filter.take("[    1.000000] ".utf8)
        for _ in 0..<100 { #expect(filter.take([UInt8](repeating: 0x41, count: 1_000)).isEmpty) }
        #expect(filter.takeMessages().count <= 8_192)
        // An unfinished message ends when nothing follows.
        #expect(filter.release().isEmpty)
        #expect(filter.take("x".utf8) == [0x78])
        #expect(filter.take([UInt8](repeating: UInt8(ascii: "["), count: 10_000)).count >= 9_999)
    }
}
