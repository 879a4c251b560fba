import Testing

@testable import EVAFlash

@Suite("Commands to EVA and ADAM2")
struct EVACommandTests {
    private static var all: [EVACommand] {
        [.user, .password, .system, .binary, .flashMedia, .quit]
            + EVACommand.PassiveMode.allCases.map(EVACommand.passive)
            + EVAVariable.all.map(EVACommand.variable) + EVAPartitionName.all.map(EVACommand.check)
            + EVAPartitionName.all.map(EVACommand.retrieve)
    }

    @Test("Each is one line of one of the forms that read")
    func forms() throws {
        let shape = try Regex(
            #"USER adam2|PASS adam2|SYST|TYPE I|MEDIA FLSH|PASV|P@SW|QUIT|GETENV [A-Za-z][A-Za-z0-9_-]*|(CHECK|RETR) mtd[0-9]{1,2}"#
        )
        for command in Self.all { #expect(command.line.wholeMatch(of: shape) != nil, "\(command.line)") }
    }

    @Test("None of them writes, and none asks for a secret")
    func harmless() {
        for command in Self.all {
            for word in ["STOR", "SETENV", "REBOOT", "SDRAM", "wlan_key", "webgui_pass", "tr069"] {
                // UNSETENV contains SETENV.
                #expect(!command.line.contains(word), "\(command.line)")
            }
        }
    }

    @Test("A partition beyond the table has no name")
    func names() {
        #expect(EVAPartitionName(-1) == nil && EVAPartitionName(16) == nil && EVAPartitionName(15)?.text == "mtd15")
    }
}
