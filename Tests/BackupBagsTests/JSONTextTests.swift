import BackupBags
import Testing

@Suite("JSON text")
struct JSONTextTests {
    private struct Document: Codable, Equatable {
        var name: String
    }

    @Test("Nothing in it controls a terminal or the direction of writing, and every character survives")
    func controls() throws {
        let names = [
            "plain", "Größe \u{1F600}", "a\u{202E}nib.exe", "\u{1B}[31m", "\u{9B}31m", "\u{7F}", "\u{2028}\u{2029}",
            "\u{200B}\u{FEFF}\u{E0001}", "\"\\\n\t\u{0}", "e\u{301}\u{AD}",
        ]
        for name in names {
            for pretty in [true, false] {
                let bytes = try JSONText.bytes(of: Document(name: name), pretty: pretty)
                let text = String(decoding: bytes, as: UTF8.self)
                let bad = text.unicodeScalars.filter { scalar in
                    let category = scalar.properties.generalCategory
                    let isEscaped = [.control, .format, .lineSeparator, .paragraphSeparator].contains(category)
                    return isEscaped && !(pretty && scalar == "\n")
                }
                #expect(bad.isEmpty, "\(bad.map(\.value))")
                #expect(try JSONText.value(Document.self, from: bytes) == Document(name: name))
            }
        }
        let plain = try JSONText.bytes(of: Document(name: "Größe"), pretty: false)
        #expect(String(decoding: plain, as: UTF8.self) == "{\"name\":\"Größe\"}")
    }
}
