import FlashModel
import Testing

@Suite("The identity of a board")
struct BoardIdentityTests {
    @Test(
        "A host name that nobody has set names no board",
        arguments: [
            ("acme", "Acme R1", "acme"), ("(none)", "Acme R1", "Acme R1"), ("localhost", "Acme R1", "Acme R1"),
            ("", "Acme R1", "Acme R1"), (nil, "Acme R1", "Acme R1"), ("(none)", nil, nil), (nil, nil, nil),
        ] as [(String?, String?, String?)])
    func name(hostname: String?, model: String?, expected: String?) {
        #expect(BoardIdentity(model: model, hostname: hostname).properName == expected)
    }
}
