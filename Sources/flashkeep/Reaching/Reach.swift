import BoardAccess
import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import LinuxFlash
import Operations
import SystemPackage
import UBootFlash

/// The way to a board, made of what was typed.
struct Reach: Sendable {
    let reacher: any BoardReaching
    let transcript: TranscriptLog

    /// - Parameters:
    ///   - known: files and backups whose bytes need not cross a slow line again.
    ///   - boot: what is to be started from the bootloader.
    ///   - network: by which bytes may leave the bootloader and come to it; nil is for the line alone.
    /// - Throws: ``FlashkeepError`` with `addressNotUnderstood`, `usage` or `fileUnavailable`, and what opening a backup
    ///   throws.
    init(
        address text: String, options: BoardOptions, known: [String] = [], boot: NetworkBoot? = nil,
        network: UploadNetwork? = nil, common: CommonOptions, desk: Desk
    ) throws {
        let address = try BoardAddress(text)
        if boot != nil, !address.isSerialLine { throw Self.noBootloader(text) }
        let rate = try options.baud.map { try LineRateText.wish($0, for: address, typed: text) }
        let given = try GivenPassword.find(file: options.passwordFile, warn: desk.warn)
        if case .ssh = address, given == nil, desk.mayAsk { desk.progress.shareTerminalWhileConnecting() }
        let source = PasswordSource(
            given: given, mayAsk: desk.mayAsk, screen: desk.screen,
            question: "Password of \(address.user ?? "root") on the board: ")
        let opener = Self.opener(address, options, password: given, mayAsk: desk.mayAsk)
        let credentials = Credentials(user: address.user ?? "root", password: { try await source.password() })
        switch address {
        case .serial, .tcp:
            reacher = SerialBoardReacher(
                opener: opener, credentials: credentials, environment: desk.environment,
                settings: try Self.settings(options, known, boot, network, rate, mayAsk: desk.mayAsk),
                notify: desk.handler)
        case .ssh, .telnet, .local:
            reacher = LinuxBoardReacher(
                opener: opener, credentials: credentials, environment: desk.environment, root: Self.root(address))
        }
        transcript = try TranscriptLog(copy: common.transcript.map { FilePath($0) })
    }

    private static func noBootloader(_ text: String) -> FlashkeepError {
        FlashkeepError(
            .usage, what: "An image cannot be started on \(PrintableText.escaped(text)).",
            why: "It is started from the bootloader, which only a serial line reaches.",
            next: "Give the serial line: serial:/dev/ttyUSB0, or tcp://HOST:PORT.")
    }

    private static func settings(
        _ options: BoardOptions, _ known: [String], _ boot: NetworkBoot?, _ network: UploadNetwork?,
        _ rate: UBootLineRate.Wish?, mayAsk: Bool
    ) throws -> SerialBoardReacher.Settings {
        let store = ContentStore()
        for path in known {
            for file in try KnownFile.all(at: FilePath(path)) { try store.add(file) }
        }
        var settings = SerialBoardReacher.Settings(store: store, rate: rate, boot: boot, network: network)
        // Nobody reads that the board must be switched on.
        if !mayAsk, options.powerCycle == nil { settings.timing.power = settings.timing.limits.unattendedPower }
        if let key = options.stopKey { settings.stopKey = try KeyText.bytes(key) }
        if let command = options.powerCycle {
            let longest = settings.timing.limits.powerCommand
            settings.powerCycle = { try await LocalCommand.run(command, longest: longest) }
        }
        return settings
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
