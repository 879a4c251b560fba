import ArgumentParser
import BoardAccess
import BoardChannels
import FlashModel
import LocalFiles
import Operations
import SystemPackage

/// `flashkeep diff BAG BAG|WHERE`
struct DiffVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "diff", abstract: "Shows what changed on a board's flash, by erase block.",
            usage: "flashkeep diff <bag> <bag or where> [options]",
            discussion: """
                Examples:
                  flashkeep diff OpenWrt-2026-11-21 root@192.168.1.1
                  flashkeep diff OpenWrt-2026-11-21 OpenWrt-2026-12-24
                  flashkeep diff --json OpenWrt-2026-11-21 serial:/dev/ttyUSB0 > changes.json

                A board is compared by its own checksums, if it has any: only erase blocks that
                differ are read. Its flash is not changed. The exit status is 0 if everything
                is the same, 2 if something differs, and 4 if nothing differs but not
                everything could be compared.
                """)
    }

    @Argument(help: "The older backup: the folder that flashkeep backup made.", completion: .directory)
    var bag: String
    @Argument(
        help: ArgumentHelp(
            "A newer backup, or where the board is, such as root@192.168.1.1. See flashkeep --help.",
            valueName: "bag or where"),
        completion: .directory)
    var other: String
    @OptionGroup(title: "Options for reaching a board") var board: BoardOptions
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    func work(in context: VerbContext) async throws -> ExitStatus {
        let report: DiffReport
        if FileMode.isFolder(other) {
            report = try await Diff.run(old: FilePath(bag), new: FilePath(other), progress: context.handler)
        } else {
            let connection = try context.connection(to: other, board, known: [bag], common: common)
            do {
                report = try await Diff.run(
                    old: FilePath(bag), board: connection.connector, environment: context.environment,
                    transcript: connection.transcript, progress: context.handler)
            } catch var error as FlashkeepError where error.code == .hostNotFound {
                error.why += " There is no folder of that name either."
                throw error
            }
        }
        try context.give(report) { DiffText.text(report, style: context.style, isVerbose: context.isVerbose) }
        guard report.isSame else { return .mismatch }
        return report.isWhole ? .done : .notWhole
    }
}
