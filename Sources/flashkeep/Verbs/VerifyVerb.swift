import ArgumentParser
import BoardAccess
import BoardChannels
import Operations
import SystemPackage

/// `flashkeep verify BAG [--against WHERE]`
struct VerifyVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "verify", abstract: "Checks that a backup is unchanged since it was made.",
            usage: "flashkeep verify <bag> [--against <where>] [options]",
            discussion: """
                Examples:
                  flashkeep verify OpenWrt-2026-11-21
                  flashkeep verify --json OpenWrt-2026-11-21 > report.json
                  flashkeep verify OpenWrt-2026-11-21 --against root@192.168.1.1
                  flashkeep verify FritzBox-2026-11-21 --against eva://192.168.178.1

                Every byte of every file is read and checked. The exit status is 0 if the
                backup is intact, and 2 if anything was changed, removed or added.

                With --against, the images are then compared with checksums that the board
                computes of its flash, of which nothing is read. The exit status is 0 if
                all are equal, 2 if something differs, and 4 if nothing differs but not
                everything could be compared.
                """)
    }

    @Argument(help: "The backup: the folder that flashkeep backup made.", completion: .directory)
    var bag: String
    @Option(
        help: ArgumentHelp(
            "Also compare it with the checksums of this board, such as root@192.168.1.1. See flashkeep --help.",
            valueName: "where"))
    var against: String?
    @OptionGroup(title: "Options for reaching a board") var board: BoardOptions
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    func validate() throws {
        guard against == nil, !board.words.isEmpty else { return }
        throw ValidationError("Options for reaching a board need --against, which names the board.")
    }

    func work(in context: VerbContext) async throws -> ExitStatus {
        guard let against else {
            let report = try await Verify.run(bag: FilePath(bag), progress: context.handler)
            try context.give(report) { VerifyText.text(report, style: context.style, isVerbose: context.isVerbose) }
            return report.ok ? .done : .mismatch
        }
        let connection = try context.connection(to: against, board, common: common)
        let report = try await BoardProof.run(
            bag: FilePath(bag), board: connection.connector, transcript: connection.transcript,
            progress: context.handler)
        try context.give(report) { BoardProofText.text(report, style: context.style, isVerbose: context.isVerbose) }
        guard report.isSame else { return .mismatch }
        return report.isWhole ? .done : .notWhole
    }
}
