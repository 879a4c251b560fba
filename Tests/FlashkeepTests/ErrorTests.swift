import FlashModel
import Testing

@testable import flashkeep

struct ErrorTests {
    @Test func anErrorIsThreeLines() {
        let error = FlashkeepError(
            .diskFull, what: "the backup does not fit", why: "there is room for 3 MiB", next: "make room, then go on")
        #expect(
            ErrorReport.text(error) == """
                flashkeep: The backup does not fit.
                  why:  There is room for 3 MiB.
                  next: Make room, then go on.
                """)
    }

    @Test func whatABoardSaysCannotCommandTheTerminal() {
        let error = FlashkeepError(
            .replyNotUnderstood, what: "odd\u{1B}[2J\r\n", why: "it said \\x1b and \u{202E}", next: "a\u{7}b")
        let text = ErrorReport.text(error)
        #expect(text.split(separator: "\n").count == 3)
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || (0x20...0x7E).contains($0.value) })
        // Text that was already made printable is not escaped again.
        #expect(text.contains("it said \\x1b and \\u{202e}") || text.contains("It said \\x1b and \\u{202e}"))
    }

    @Test func linesAreFoldedForATerminal() {
        let error = FlashkeepError(
            .usage, what: "one two three four five six seven", why: "w",
            next: "ssh-keygen -R a-very-long-host-name.example")
        let lines = ErrorReport.text(error, width: 30).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 40 })
        #expect(lines.count > 3)
        #expect(lines.contains { $0.contains("a-very-long-host-name.example") })
    }

    @Test func coloursDoNotChangeTheWords() {
        let error = FlashkeepError(.usage, what: "a b c", why: "d", next: "e")
        let colored = ErrorReport.text(error, style: TextStyle(isColored: true, isUnicode: true))
        var plain = colored
        for code in ["\u{1B}[1;31m", "\u{1B}[2m", "\u{1B}[0m"] { plain = plain.replacing(code, with: "") }
        #expect(plain == ErrorReport.text(error))
        #expect(colored != plain)
    }

    @Test func aCommandAtTheEndKeepsItsLastWord() {
        #expect(SafeText.advice("name it with --to") == "Name it with --to")
        #expect(SafeText.advice("Add --ssh-option HostKeyAlgorithms=+ssh-rsa").hasSuffix("ssh-rsa"))
        #expect(SafeText.advice("move it out of the way") == "Move it out of the way.")
        #expect(SafeText.sentence("mtd3 vanished") == "mtd3 vanished.")
        #expect(SafeText.sentence("ssh: not found") == "ssh: not found.")
        #expect(SafeText.sentence("really?") == "Really?")
    }

    @Test func theDocumentHasAllParts() {
        let error = FlashkeepError(.boardLost, what: "a", why: "b", next: "c \"d\"")
        #expect(
            ErrorReport.json(error) == """
                {
                  "error" : {
                    "code" : "board-lost",
                    "next" : "c \\"d\\"",
                    "what" : "a",
                    "why" : "b"
                  },
                  "formatVersion" : 1
                }

                """)
    }

    @Test(
        arguments: [
            (.addressNotUnderstood, 64), (.usage, 64), (.boardSilent, 75), (.boardLost, 75), (.noReplyInTime, 75),
            (.hostUnreachable, 75), (.connectionRefused, 75), (.bagDamaged, 2), (.targetExists, 3), (.interrupted, 130),
            (.authenticationFailed, 1), (.diskFull, 1), (.imageUnsuitable, 3),
        ] as [(FlashkeepError.Code, Int32)])
    func statusesAreThoseOfTheManual(code: FlashkeepError.Code, status: Int32) {
        #expect(ExitStatus(code).rawValue == status)
    }

    @Test func noErrorIsASuccess() {
        for code in FlashkeepError.Code.allCases {
            #expect(ExitStatus(code) != .done && ExitStatus(code) != .notWhole)
        }
    }
}

struct UsageErrorTests {
    @Test(arguments: [
        ("bakcup", "backup"), ("Backup", "backup"), ("inf", "info"), ("verfy", "verify"), ("extrct", "extract"),
        ("port", "ports"), ("completion", "completions"),
    ])
    func aMistypedVerbIsRecognised(typed: String, meant: String) {
        let error = UsageError.error(message: "whatever", arguments: [typed, "x"])
        #expect(error.code == .usage)
        #expect(error.next == "Did you mean \(meant)?")
    }

    @Test func somethingElseIsNotGuessed() {
        #expect(Suggestion.nearest(to: "root@192.168.1.1", of: Verbs.names) == nil)
        #expect(Suggestion.nearest(to: "x", of: Verbs.names) == nil)
        #expect(Suggestion.nearest(to: "", of: Verbs.names) == nil)
    }

    @Test func distancesCountSwappedLettersOnce() {
        #expect(Suggestion.distance("bakcup", "backup") == 1)
        #expect(Suggestion.distance("", "abc") == 3)
        #expect(Suggestion.distance("abc", "") == 3)
        #expect(Suggestion.distance("same", "same") == 0)
    }

    /// What other programs would take is answered with the line to type.
    @Test(arguments: [
        (["--verify", "my backup"], "flashkeep verify 'my backup'"),
        (["extract", "bag", "dir"], "flashkeep extract bag --to dir"),
        (["extract", "bag", "--output", "dir"], "flashkeep extract bag --to dir"),
        (["backup", "root@board", "--output=x"], "flashkeep backup root@board --to=x"),
        (["backup", "root@board", "-o", "x"], "flashkeep backup root@board --to x"),
    ])
    func theLineToType(arguments: [String], line: String) {
        #expect(UsageError.error(message: "Unknown option", arguments: arguments).next == "Write: \(line)")
    }

    @Test func theParsersSuggestionIsKept() {
        let error = UsageError.error(
            message: "Unknown option '--tto'. Did you mean '--to'?", arguments: ["backup", "--tto", "x"])
        #expect(error.why == "Unknown option \"--tto\".")
        #expect(error.next.hasPrefix("Did you mean --to?"))
    }
}
