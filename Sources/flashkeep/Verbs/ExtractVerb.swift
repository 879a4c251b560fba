import ArgumentParser
import Operations
import SystemPackage

/// `flashkeep extract BAG --to DIR`
struct ExtractVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "extract", abstract: "Writes each partition of a backup to a separate file.",
            usage: "flashkeep extract <bag> --to <dir> [options]",
            discussion: """
                Examples:
                  flashkeep extract OpenWrt-2026-11-21 --to partitions

                Partitions inside other partitions get files too. No file is ever overwritten;
                one that is there already with the right bytes is kept, so that the same
                command resumes.
                The images are checked on the way: no file is made from an image that was
                changed after the backup, and the exit status is then 2.
                """)
    }

    /// Options specific to `extract`.
    struct Choices: ParsableArguments, Sendable {
        @Option(
            help: ArgumentHelp("The folder for the files; it is made if it does not exist.", valueName: "dir"),
            completion: .directory)
        var to: String
    }

    @Argument(help: "The backup: the folder that flashkeep backup made.", completion: .directory)
    var bag: String
    @OptionGroup(title: "Options of extract") var choices: Choices
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    var afterInterruption: String { "Completed files are kept; the same command resumes." }

    func work(in context: VerbContext) async throws -> ExitStatus {
        let report = try await Extract.run(bag: FilePath(bag), to: FilePath(choices.to), progress: context.handler)
        try context.give(report) { ExtractText.text(report, bag: bag, style: context.style) }
        guard report.ok else { return .mismatch }
        return report.isWhole ? .done : .notWhole
    }
}
