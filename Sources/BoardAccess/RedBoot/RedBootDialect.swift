import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import RedBootFlash

/// RedBoot on a console: reads and writes the flash there, or starts an image whose Linux takes over.
struct RedBootDialect: ConsoleDialect {
    private let settings: ConsoleSettings
    private let environment: OperationEnvironment
    private let notify: ProgressHandler
    /// Loads that failed, for all connections.
    private let givenUp = GivenUp<RedBootLoadMethod>()

    init(
        _ settings: ConsoleSettings, environment: OperationEnvironment, notify: @escaping ProgressHandler
    ) {
        self.settings = settings
        self.environment = environment
        self.notify = notify
    }

    var recognizer: any DialectRecognizer { RedBootRecognizer() }
    var isWanted: Bool { settings.boot.map { !$0.hasStarted } == true }

    func withBoard<Result: Sendable>(
        on answered: AnsweredConsole, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> DialectOutcome<Result> {
        let prompt = try answered.prompt(of: "RedBoot")
        if settings.rate != nil {
            notify(.note("RedBoot answers: its console keeps its rate, because another one is written to flash"))
        }
        if let via = settings.via, via.redboot == nil, settings.boot == nil {
            throw via.refusal(by: "RedBoot", with: RedBootReadMethod.allCases.map(\.rawValue))
        }
        let session = RedBootSession(
            answered.console, prompt: prompt, identifier: answered.identifier, startLog: answered.startLog)
        if let boot = settings.boot {
            // Even if the image was started before: the board has been reset since.
            try await boot.run(session, environment: environment, notify: notify)
            boot.noteStart()
            return .handedOver
        }
        let notify = notify
        // With the line alone, TFTP is not used for loads, either.
        guard let network = settings.network, settings.via?.redboot != .line else {
            return .finished(
                try await body(
                    RedBootFlashAccess(
                        session, store: settings.store, givenUp: givenUp, notify: { notify(.note($0)) })))
        }
        let server = network.computer(answered.line)
        let access = RedBootFlashAccess(
            session, store: settings.store,
            network: BoardNetworkSettings(
                server: server, board: network.board, host: network.host, nonce: environment.nonce),
            givenUp: givenUp, notify: { notify(.note($0)) })
        return .finished(
            try await withShieldedCleanup {
                try await body(access)
            } cleanup: {
                await server.close()
            })
    }
}

extension RedBootFlashAccess: FlashBoard {
    package var accessMethod: String {
        "RedBoot \(isWithoutEcho ? "through its telnet port" : channelTraits.connectionText)"
    }
}
