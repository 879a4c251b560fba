import ArgumentParser

/// Every verb. A new one is a file of its own and a line here.
enum Verbs {
    static let all: [any ParsableCommand.Type] = [
        InfoVerb.self, BackupVerb.self, VerifyVerb.self, ExtractVerb.self, PortsVerb.self, CompletionsVerb.self,
    ]

    /// As they are typed.
    static var names: [String] { all.map { $0._commandName } + ["help"] }
}

/// The program itself, as the parser sees it.
struct FlashkeepCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "flashkeep",
            abstract: "Saves everything that is on a router's flash, and proves it.",
            discussion: """
                Examples:
                  flashkeep info root@192.168.1.1         what the board is, and what a backup would read
                  flashkeep backup root@192.168.1.1       save all of its flash into a new folder
                  flashkeep verify OpenWrt-2026-11-21     is that backup still as it was?
                  flashkeep ports                         serial ports of this computer

                Where a board is:
                  root@192.168.1.1                        SSH, with your own keys and configuration
                  ssh://root@192.168.1.1:2222, ssh:ALIAS  the same, with a port or by a name of your configuration
                  telnet://192.168.1.1                    telnet
                  serial:/dev/ttyUSB0?baud=115200         a serial port
                  tcp://terminal-server:2001              a serial port behind TCP
                  local:                                  this machine

                A backup only reads. Nothing is ever written to the flash by the commands of this version.
                """,
            version: Version.current, subcommands: Verbs.all)
    }
}
