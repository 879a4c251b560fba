import ArgumentParser

/// Options of verbs that connect to a board.
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

    @Option(
        help: ArgumentHelp(
            "On a serial line: what stops the bootloader's countdown, where it does not say so itself. Backslash forms: "
                + "\\r, \\e for Esc, \\x03 for Ctrl-C.", valueName: "text"))
    var stopKey: String?

    @Option(
        help: ArgumentHelp(
            "A command of this computer that switches the board off and on; without it you are asked to.",
            valueName: "command"))
    var powerCycle: String?

    @Option(
        help: ArgumentHelp(
            "On a serial port of this computer: bring U-Boot's console and the line to this rate meanwhile, in bits a "
                + "second, or auto for the highest that works.", valueName: "rate"))
    var baud: String?

    /// The same options as words of a command line to show to the user.
    var words: [String] {
        var words: [String] = []
        if let sshConfig { words += ["--ssh-config", sshConfig] }
        for option in sshOption { words += ["--ssh-option", option] }
        if let passwordFile { words += ["--password-file", passwordFile] }
        if let stopKey { words += ["--stop-key", stopKey] }
        if let powerCycle { words += ["--power-cycle", powerCycle] }
        if let baud { words += ["--baud", baud] }
        return words
    }
}
