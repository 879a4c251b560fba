import ArgumentParser

/// Options of verbs that connect to a board.
struct BoardOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp("A configuration file for the SSH client, instead of your own.", valueName: "file"),
        completion: .file())
    var sshConfig: String?

    @Option(
        help: ArgumentHelp(
            "An option for the SSH client, in the form of ssh -o; can be repeated.", valueName: "key=value"))
    var sshOption: [String] = []

    @Option(
        help: ArgumentHelp(
            "Read the password from the first line of this file. It can also be given in FLASHKEEP_PASSWORD.",
            valueName: "file"),
        completion: .file())
    var passwordFile: String?

    @Option(
        help: ArgumentHelp(
            "On a serial line: what stops the bootloader's countdown, if the bootloader does not say. Escapes: \\r, "
                + "\\e for Esc, \\x03 for Ctrl-C.", valueName: "text"))
    var stopKey: String?

    @Option(
        help: ArgumentHelp(
            "A command on this computer that switches the board off and on; without it you are asked to do that.",
            valueName: "command"))
    var powerCycle: String?

    @Option(
        help: ArgumentHelp(
            "On a serial port of this computer: switch U-Boot's console and the line to this rate for the session, in "
                + "bits per second, or auto for the highest that works.", valueName: "rate"))
    var baud: String?

    @Option(
        help: ArgumentHelp(
            "In U-Boot: flash that it does not report, as TYPE:START+SIZE[/ERASEBLOCK], such as "
                + "nor:0x9f000000+4M/64K, spi:0+16M or nand:0+128M/128K; can be repeated.", valueName: "flash"))
    var flash: [String] = []

    @Option(
        help: ArgumentHelp(
            "In U-Boot: RAM that nothing uses, as START+SIZE, such as 0x82000000+16M, if it is not found.",
            valueName: "ram"))
    var ram: String?

    /// The same options as words of a command line to show to the user.
    var words: [String] {
        var words: [String] = []
        if let sshConfig { words += ["--ssh-config", sshConfig] }
        for option in sshOption { words += ["--ssh-option", option] }
        if let passwordFile { words += ["--password-file", passwordFile] }
        if let stopKey { words += ["--stop-key", stopKey] }
        if let powerCycle { words += ["--power-cycle", powerCycle] }
        if let baud { words += ["--baud", baud] }
        for item in flash { words += ["--flash", item] }
        if let ram { words += ["--ram", ram] }
        return words
    }
}
