import ArgumentParser
import BoardAccess

/// All verbs. A new one needs its own file and a line here.
enum Verbs {
    static let all: [any ParsableCommand.Type] = [
        InfoVerb.self, BackupVerb.self, VerifyVerb.self, InspectVerb.self, DiffVerb.self, ExtractVerb.self,
        RestoreVerb.self, BootVerb.self, PortsVerb.self, TFTPVerb.self, CompletionsVerb.self,
    ]

    /// The names as typed.
    static var names: [String] { all.map { $0._commandName } + ["help"] }
}

/// The root command for the argument parser.
struct FlashkeepCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "flashkeep",
            abstract: "Backs up everything on a router's flash, proves the backup, and restores it.",
            usage: "flashkeep <command> [options]",
            discussion: """
                Examples:
                  flashkeep info root@192.168.1.1       what is this board?
                  flashkeep backup root@192.168.1.1     save all of its flash
                  flashkeep verify OpenWrt-2026-11-21   is that backup still intact?
                  flashkeep inspect OpenWrt-2026-11-21  what is inside each partition?
                  flashkeep diff OpenWrt-2026-11-21 root@192.168.1.1      what changed?
                  flashkeep restore OpenWrt-2026-11-21 root@192.168.1.1   put it back
                  flashkeep ports                       which serial ports are there?

                Board addresses:
                \(addresses)

                Only restore writes to flash. A password comes from --password-file or
                FLASHKEEP_PASSWORD, or you type it when asked; it is never an argument.
                """,
            version: Version.current, subcommands: Verbs.all)
    }

    /// The forms of addresses, a line each.
    private static var addresses: String {
        let forms = AddressSchemes.forms
        let width = forms.map(\.example.count).max() ?? 0
        return forms.map { form in
            "  " + form.example + String(repeating: " ", count: width - form.example.count + 2) + form.summary
        }.joined(separator: "\n")
    }
}
