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
            "Read the password from the first line of this file. FLASHKEEP_PASSWORD can also hold the password.",
            valueName: "file"),
        completion: .file())
    var passwordFile: String?

    @Option(
        help: ArgumentHelp(
            "For HTTPS: the public key that the board's server must have, instead of a valid certificate. The error about "
                + "the certificate shows it.", valueName: "key"))
    var httpsKey: String?

    @Option(
        help: ArgumentHelp(
            "On a serial line: what to type to stop the bootloader's countdown, if the bootloader does not say. "
                + "Escapes: \\r for Enter, \\e for Esc, \\x03 for Ctrl-C.", valueName: "text"))
    var stopKey: String?

    @Option(
        help: ArgumentHelp(
            "A command on this computer that switches the board off and on; without it, you are asked to do so.",
            valueName: "command"))
    var powerCycle: String?

    @Option(
        help: ArgumentHelp(
            "On a serial port of this computer: the rate in bits per second to which U-Boot's console and the port are "
                + "switched for the session, or auto for the highest that works.", valueName: "rate"))
    var baud: String?

    @Option(
        help: ArgumentHelp(
            "Flash that the bootloader does not report, as TYPE:START+SIZE[/ERASEBLOCK], such as nor:0x9f000000+4M/64K, "
                + "spi:0+16M or nand:0+128M/128K; can be repeated.", valueName: "flash"))
    var flash: [String] = []

    @Option(
        help: ArgumentHelp(
            "RAM of the board that nothing uses, as START+SIZE, such as 0x82000000+16M; needed only if U-Boot does not "
                + "show which RAM is free.",
            valueName: "ram"))
    var ram: String?

    /// The same options as words of a command line to show to the user.
    var words: [String] {
        var words: [String] = []
        if let sshConfig { words += ["--ssh-config", sshConfig] }
        for option in sshOption { words += ["--ssh-option", option] }
        if let passwordFile { words += ["--password-file", passwordFile] }
        if let httpsKey { words += ["--https-key", httpsKey] }
        if let stopKey { words += ["--stop-key", stopKey] }
        if let powerCycle { words += ["--power-cycle", powerCycle] }
        if let baud { words += ["--baud", baud] }
        for item in flash { words += ["--flash", item] }
        if let ram { words += ["--ram", ram] }
        return words
    }
}
