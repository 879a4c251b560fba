import ArgumentParser

/// Options common to all verbs.
struct CommonOptions: ParsableArguments, Sendable {
    enum ProgressChoice: String, CaseIterable, ExpressibleByArgument, Sendable {
        case auto, plain, json, none
    }

    @Flag(help: "Print the result as one JSON document, and ask no questions.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "How to show progress, on standard error: plain prints lines of text, json one event per line.",
            valueName: "how"))
    var progress: ProgressChoice = .auto

    @Option(help: ArgumentHelp("When to use colours; auto uses them on a terminal.", valueName: "when"))
    var color: Terminal.ColorChoice = .auto

    @Flag(help: "Print more details.")
    var verbose = false

    @Option(
        help: ArgumentHelp(
            "Append to this file every byte sent to and received from the board.", valueName: "file"),
        completion: .file())
    var transcript: String?
}

extension Terminal.ColorChoice: ExpressibleByArgument {}
