import FlashAccess
import FlashModel
import Testing

@Suite("Names of transferred files")
struct TransferNamesTests {
    @Test("Each is used once, and of letters and digits")
    func names() throws {
        var names = TransferNames(nonce: "ab-cd/ef gh;ijk")
        try names.check()
        #expect([names.next().text, names.next().text] == ["fkabcdefghn1", "fkabcdefghn2"])
        var long = TransferNames(nonce: String(repeating: "x", count: 1_000))
        #expect(long.next().text.utf8.count <= 40)
    }

    @Test("Names that could be guessed are refused", arguments: ["", "abc", "abcdefg", "a/b/c/d/e/f/g", "äöüäöüäöü"])
    func short(_ nonce: String) {
        let error = #expect(throws: FlashkeepError.self) { try TransferNames(nonce: nonce).check() }
        #expect(error?.code == .internalFault)
    }
}
