import FlashAccess
import LoaderConsoles
import TestSupport
import Testing

@Suite("Lines of hexadecimal dumps")
struct HexDumpLineTests {
    private static let bytes = HexDumpLine.Layout(isUppercase: true, firstHidden: 0x80)
    private static let words = HexDumpLine.Layout(digits: 8, isUppercase: false)
    private static let device = HexDumpLine.Layout(mark: "", isUppercase: false, needsCharacters: false)
    private static let realtek = HexDumpLine.Layout(isUppercase: false, hasUppercaseAddress: true)

    private static let lines: [(text: String, layout: HexDumpLine.Layout)] = [
        ("00000400  26 9f b4 20 93 4b 11 48  81 25 33 35 c7 f6 cd 2b  |&.. .K.H.%35...+|", device),
        ("00000400  26 9f b4 20 93 4b 11 48 81 25 33 35 c7 f6 cd 2b", device),
        ("00000400: 269fb420 934b1148 81253335 c7f6cd2b    &.. .K.H.%35...+", words),
        ("00000400: 26 9F B4 20 93 4B 11 48 81 25 33 35 C7 F6 CD 2B  &.. .K.H.%35...+", bytes),
        ("00000400: 26 9f b4 20 93 4b 11 48 81 25 33 35 c7 f6 cd 2b     &.. .K.H.%35...+", realtek),
    ]

    @Test("Every layout", arguments: lines)
    func layouts(_ text: String, _ layout: HexDumpLine.Layout) throws {
        let line = try #require(HexDumpLine(ByteText(text), layout))
        #expect(line.address == 0x400)
        #expect(
            line.bytes == [
                0x26, 0x9F, 0xB4, 0x20, 0x93, 0x4B, 0x11, 0x48, 0x81, 0x25, 0x33, 0x35, 0xC7, 0xF6, 0xCD, 0x2B,
            ])
    }

    @Test("A lost, doubled or changed character never gives 16 other bytes without a trace", arguments: lines)
    func damage(_ text: String, _ layout: HexDumpLine.Layout) throws {
        let whole = try #require(HexDumpLine(ByteText(text), layout))
        let bytes = Array(text.utf8)
        for place in bytes.indices {
            var lost = bytes
            lost.remove(at: place)
            var doubled = bytes
            doubled.insert(bytes[place], at: place)
            for damaged in [lost, doubled] {
                guard let line = HexDumpLine(ByteText(damaged[...]), layout) else { continue }
                // A blank more or less changes nothing.
                #expect(line == whole || line.bytes.count < 16, "\(String(decoding: damaged, as: UTF8.self))")
            }
        }
        // A changed digit of a byte that is shown as a character is noticed.
        if layout.needsCharacters {
            #expect(HexDumpLine(ByteText(text.replacing(" 26", with: " 36")), layout) == nil)
        }
    }

    @Test("Lines that contradict each other are left out; short ones have fewer bytes")
    func contradictions() {
        let one = Self.lines[3].text
        let other = one.replacing("26 9F", with: "36 9F").replacing("  &", with: "  6")
        #expect(HexDumpLine.lines(of: ConsoleReply(text: one + "\r\n"), Self.bytes).count == 1)
        #expect(HexDumpLine.lines(of: ConsoleReply(text: one + "\r\n" + other + "\r\n"), Self.bytes).isEmpty)
        let short = "00000400: 41 42                                           AB              "
        #expect(HexDumpLine(ByteText(short), Self.bytes)?.bytes == [0x41, 0x42])
    }

    @Test("DEL is no character of a reply")
    func delete() throws {
        let bytes = [UInt8](repeating: 0x7F, count: 16)
        let line = "00000400: " + bytes.map { _ in "7F " }.joined() + " "
        let reply = ConsoleReply(output: Array(line.utf8) + bytes + [0x0D, 0x0A])
        #expect(HexDumpLine.lines(of: reply, Self.bytes)[0x400] == bytes)
    }
}
