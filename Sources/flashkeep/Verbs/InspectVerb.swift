import ArgumentParser
import Operations
import SystemPackage

/// `flashkeep inspect BAG|FILE`
struct InspectVerb: Verb {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "inspect", abstract: "Shows what is inside each partition of a backup, or inside a file.",
            usage: "flashkeep inspect <bag or file> [options]",
            discussion: """
                Examples:
                  flashkeep inspect OpenWrt-2026-11-21
                  flashkeep inspect full-dump.bin
                  flashkeep inspect --json firmware.bin > inside.json

                Each finding has a grade: proven (a checksum or a full decode covers it all),
                plausible (its structure is right), hint (only a magic number was found).
                What no format claims is listed at the end, so every byte is accounted for.

                The exit status is 0, or 4 if an image of the backup could not be inspected.
                """)
    }

    @Argument(help: "A backup, which is a folder, or a file such as a dump or an update.", completion: .file())
    var path: String
    @OptionGroup(title: "Options of all commands") var common: CommonOptions

    func work(in context: VerbContext) async throws -> ExitStatus {
        let report = try await Inspect.run(FilePath(path), progress: context.handler)
        try context.give(report) {
            InspectText.text(
                report, style: context.style, isVerbose: context.isVerbose, width: Terminal.outputWidth)
        }
        return report.isWhole ? .done : .notWhole
    }
}
