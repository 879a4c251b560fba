import BoardAccess
import Operations
import SystemPackage

extension VerbContext {
    /// Makes a connection to a board of what was typed; the board is not opened yet.
    ///
    /// - Parameters:
    ///   - known: files and backups whose bytes need not cross a slow line again.
    ///   - image: the image to start from the bootloader.
    ///   - network: the network by which bytes may cross beside the console; nil for the console alone.
    /// - Throws: ``FlashkeepError`` with `addressNotUnderstood`, `usage` or `fileUnavailable`, and what opening a backup
    ///   throws.
    func connection(
        to address: String, _ board: BoardOptions, known: [String] = [], image: ImageOptions? = nil,
        network: NetworkOptions? = nil, common: CommonOptions
    ) throws -> BoardConnection {
        var options = ConnectionOptions()
        options.passwordFile = board.passwordFile
        options.ssh.configFile = board.sshConfig
        options.ssh.options = board.sshOption
        options.http.serverKey = board.httpsKey
        options.uboot.stopKey = board.stopKey
        options.uboot.powerCycle = board.powerCycle
        options.uboot.lineRate = board.baud
        options.uboot.flash = board.flash
        options.uboot.ram = board.ram
        options.uboot.known = { try known.flatMap { try KnownFile.all(at: FilePath($0)) } }
        options.uboot.image = image
        options.network = network
        // A folder that stands for the board, for tests of this program.
        options.localRoot = ProcessVariables.value("FLASHKEEP_LOCAL_ROOT") ?? ""
        options.transcript = common.transcript
        let connection = try BoardConnection(
            address: address, options: options, environment: environment, interaction: interaction)
        transcript.set(connection.transcript)
        return connection
    }

    /// How the user is asked and told while a board is being reached.
    private var interaction: UserInteraction {
        let screen = screen
        let progress = progress
        let ask: @Sendable (String) async throws -> String? = { question in
            screen.lend()
            defer { screen.takeBack() }
            return try await TerminalQuestion.ask(question, isSecret: true).text
        }
        return UserInteraction(
            askPassword: mayAsk ? ask : nil, lendTerminal: { progress.shareTerminalWhileConnecting() }, notify: handler)
    }
}
