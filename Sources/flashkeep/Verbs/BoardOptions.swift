import ArgumentParser

/// Options of verbs that reach a board.
struct BoardOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp("Another configuration file for the SSH client than your own.", valueName: "file"),
        completion: .file())
    var sshConfig: String?

    @Option(
        help: ArgumentHelp(
            "An option for the SSH client, as ssh -o takes it; may be given several times.", valueName: "key=value"))
    var sshOption: [String] = []

    @Option(
        help: ArgumentHelp(
            "Take the password from the first line of this file. FLASHKEEP_PASSWORD can hold it too.",
            valueName: "file"),
        completion: .file())
    var passwordFile: String?
}
