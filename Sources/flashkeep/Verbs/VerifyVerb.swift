import ArgumentParser
import Operations
import SystemPackage

/// `flashkeep verify BAG`
struct VerifyVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "verify", abstract: "Checks that a backup is unchanged since it was made.",
            usage: "flashkeep verify <bag> [options]",
            discussion: """
                Examples:
                  flashkeep verify OpenWrt-2026-11-21
                  flashkeep verify --json OpenWrt-2026-11-21 > report.json

                Every byte of every file is read and checked. The exit status is 0 if the
                backup is intact, and 2 if anything was changed, removed or added.
                """)
    }

    @Argument(help: "The backup: the folder that flashkeep backup made.", completion: .directory)
    var bag: String
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    func work(in context: VerbContext) async throws -> ExitStatus {
        let report = try await Verify.run(bag: FilePath(bag), progress: context.handler)
        try context.give(report) { VerifyText.text(report, style: context.style, isVerbose: context.isVerbose) }
        return report.ok ? .done : .mismatch
    }
}
