import ArgumentParser

/// All verbs. A new one needs its own file and a line here.
enum Verbs {
    static let all: [any ParsableCommand.Type] = [
        InfoVerb.self, BackupVerb.self, VerifyVerb.self, DiffVerb.self, ExtractVerb.self,
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
            abstract: "Saves everything that is on a router's flash, proves it, and puts it back.",
            usage: "flashkeep <command> [options]",
            discussion: """
                Examples:
                  flashkeep info root@192.168.1.1       what is this board?
                  flashkeep backup root@192.168.1.1     save all of its flash
                  flashkeep verify OpenWrt-2026-11-21   is that backup still intact?
                  flashkeep diff OpenWrt-2026-11-21 root@192.168.1.1      what changed?
                  flashkeep restore OpenWrt-2026-11-21 root@192.168.1.1   put it back
                  flashkeep ports                       which serial ports are there?

                Where a board is:
                  root@192.168.1.1                 SSH, with your keys and configuration
                  ssh://root@192.168.1.1:2222      SSH on another port
                  ssh:ALIAS                        a name of your SSH configuration
                  telnet://192.168.1.1             telnet
                  serial:/dev/ttyUSB0?baud=115200  a serial port
                  tcp://terminal-server:2001       a serial port behind TCP
                  local:                           this machine itself

                Flash is only read, but by restore. Passwords: FLASHKEEP_PASSWORD, or
                --password-file, or typed when the board asks; never an argument.
                """,
            version: Version.current, subcommands: Verbs.all)
    }
}
