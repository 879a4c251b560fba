import BoardChannels
import Testing

@testable import BoardAccess

struct AskpassTests {
    private func reply(_ prompt: String, _ variables: [String: String]) -> AskpassHelper.Reply? {
        AskpassHelper.reply(arguments: ["flashkeep", prompt]) { variables[$0] }
    }

    private let armed = [SSHOpener.askpassVariable: "secret"]

    @Test func itAnswersAQuestionForAPassword() {
        #expect(reply("root@192.168.1.1's password: ", armed) == .init(answer: "secret", status: 0))
        #expect(reply("(root@board) Password: ", armed) == .init(answer: "secret", status: 0))
    }

    @Test(arguments: [
        "Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
        "The password is ok? (yes/no) ", "Enter passphrase for key '/home/a/.ssh/password': ", "Enter PIN: ", "",
    ])
    func itAnswersNothingElse(prompt: String) {
        #expect(reply(prompt, armed) == .init(answer: nil, status: 1))
    }

    @Test func aConfirmationGetsNoPassword() {
        let variables = armed.merging(["SSH_ASKPASS_PROMPT": "confirm"]) { $1 }
        #expect(reply("Allow use of key password?", variables) == .init(answer: nil, status: 1))
    }

    @Test func withoutTheVariableItIsTheProgram() {
        #expect(reply("root's password: ", [:]) == nil)
        #expect(AskpassHelper.reply(arguments: ["flashkeep", "info", "x"]) { armed[$0] } == nil)
        #expect(AskpassHelper.reply(arguments: ["flashkeep"]) { armed[$0] } == nil)
    }
}

struct ProcessTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_795_230_440, "2026-11-21T03:07:20Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"), (-1, "1969-12-31T23:59:59Z"),
    ])
    func timestampsAreRight(seconds: Int, text: String) {
        #expect(LiveEnvironment.timestamp(secondsSince1970: seconds) == text)
    }

    @Test func thePasswordIsTheFirstLine() {
        #expect(GivenPassword.firstLine(Array("secret\nmore".utf8)) == "secret")
        #expect(GivenPassword.firstLine(Array("secret\r\n".utf8)) == "secret")
        #expect(GivenPassword.firstLine([]) == "")
        #expect(GivenPassword.firstLine(Array(" a b ".utf8)) == " a b ")
    }
}
