import BoardChannels
import BoardConsoles
import FlashModel
import Operations
import SystemPackage

/// The way to a board, made of what was typed.
struct Reach: Sendable {
    let reacher: LinuxBoardReacher
    let transcript: TranscriptLog

    /// - Throws: ``FlashkeepError`` with `addressNotUnderstood` or `fileUnavailable`.
    init(address text: String, options: BoardOptions, common: CommonOptions, desk: Desk) throws {
        let address = try BoardAddress(text)
        let given = try GivenPassword.find(file: options.passwordFile, warn: desk.warn)
        if case .ssh = address, given == nil, desk.mayAsk { desk.progress.shareTerminalWhileConnecting() }
        let source = PasswordSource(
            given: given, mayAsk: desk.mayAsk, screen: desk.screen,
            question: "Password of \(address.user ?? "root") on the board: ")
        reacher = LinuxBoardReacher(
            opener: Self.opener(address, options, password: given, mayAsk: desk.mayAsk),
            credentials: Credentials(user: address.user ?? "root", password: { try await source.password() }),
            environment: desk.environment, root: Self.root(address))
        transcript = try TranscriptLog(copy: common.transcript.map { FilePath($0) })
    }

    private static func opener(
        _ address: BoardAddress, _ options: BoardOptions, password: String?, mayAsk: Bool
    ) -> any ChannelOpening {
        switch address {
        case .ssh(let destination, let port):
            SSHOpener(
                SSHOpener.Settings(
                    destination: destination, port: port, configFile: options.sshConfig, options: options.sshOption,
                    password: password, isInteractive: mayAsk, askpassProgram: ownProgram))
        case .telnet(_, let host, let port): TelnetOpener(host: host, port: port)
        case .serial(let path, let baud, _): SerialOpener(path: path, baud: baud)
        case .tcp(_, let host, let port): TCPOpener(host: host, port: port)
        case .local: LocalOpener()
        }
    }

    /// A folder that stands for the board, for tests of this program.
    private static func root(_ address: BoardAddress) -> String {
        address == .local ? ProcessVariables.value("FLASHKEEP_LOCAL_ROOT") ?? "" : ""
    }

    /// Where this program lies, wherever it was called from (proc(5), `/proc/self/exe`).
    private static var ownProgram: String {
        OwnProgram.path ?? CommandLine.arguments.first ?? "flashkeep"
    }
}
