import ArgumentParser
import Operations
import SystemPackage

/// `flashkeep extract BAG --to DIR`
struct ExtractVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "extract", abstract: "Writes every partition of a backup as a file of its own.",
            usage: "flashkeep extract <bag> --to <dir> [options]",
            discussion: """
                Examples:
                  flashkeep extract OpenWrt-2026-11-21 --to partitions

                Partitions that lie within others get files too. No file is ever overwritten.
                The images are checked on the way: where one was changed since the backup was
                made, there is no file, and the exit status is 2.
                """)
    }

    /// Options specific to `extract`.
    struct Choices: ParsableArguments, Sendable {
        @Option(
            help: ArgumentHelp("The folder for the files; it is made where it is not there.", valueName: "dir"),
            completion: .directory)
        var to: String
    }

    @Argument(help: "The backup: the folder that flashkeep backup made.", completion: .directory)
    var bag: String
    @OptionGroup(title: "Options of extract") var choices: Choices
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    var afterInterruption: String { "Files that were finished are kept; remove them, then run the same command again." }

    func work(at desk: Desk) async throws -> ExitStatus {
        let report = try await Extract.run(bag: FilePath(bag), to: FilePath(choices.to), progress: desk.handler)
        try desk.give(report) { ExtractText.text(report, bag: bag, style: desk.style) }
        guard report.ok else { return .mismatch }
        return report.isWhole ? .done : .notWhole
    }
}
