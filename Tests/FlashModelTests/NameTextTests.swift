import FlashModel
import Testing

@Suite struct NameTextTests {
    @Test func textStaysAsItIs() {
        for name in ["", "u-boot", "a \"quoted\", name", "Ünï\u{301}", "back\\slash", "\\", "\\x", "\\xg0", "\u{0}"] {
            #expect(NameText.text(name.utf8) == name)
        }
    }

    @Test func bytesThatAreNoTextAreWrittenOut() {
        #expect(NameText.text([0xFF]) == "\\xff")
        #expect(NameText.text([0x41, 0xC3, 0x28]) == "A\\xc3(")
        #expect(NameText.text([0xC3, 0xA9, 0x80]) == "é\\x80")
        #expect(NameText.text([0x5C, 0xFF]) == "\\\\\\xff")
        // Text that only looks escaped stays distinct.
        #expect(NameText.text("\\xff".utf8) == "\\\\xff")
    }

    /// All names of up to three bytes from an alphabet that covers the difficult cases.
    @Test func noTwoNamesBecomeOne() {
        let alphabet: [UInt8] = [0x5C, 0x78, 0x66, 0x30, 0xFF, 0xC3, 0xA9, 0x41]
        var names: [[UInt8]] = [[]]
        var seen: [String: [UInt8]] = [:]
        for _ in 0..<5 {
            for name in names {
                let text = NameText.text(name)
                #expect(seen.updateValue(name, forKey: text).map { $0 == name } ?? true, "\(name) is \(text)")
            }
            names = names.flatMap { name in alphabet.map { name + [$0] } }
        }
    }
}
