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
            "How progress is shown: auto, plain (lines), json (one event per line, on standard error), or none.",
            valueName: "how"))
    var progress: ProgressChoice = .auto

    @Option(help: ArgumentHelp("Use of colours: auto, always or never.", valueName: "when"))
    var color: Terminal.ColorChoice = .auto

    @Flag(help: "Print more details.")
    var verbose = false

    @Option(
        help: ArgumentHelp(
            "Append every byte sent to and received from the board to this file.", valueName: "file"),
        completion: .file())
    var transcript: String?
}

extension Terminal.ColorChoice: ExpressibleByArgument {}
