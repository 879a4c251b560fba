import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import LoaderConsoles
private import Synchronization

/// A bootloader on a console through which Flashkeep only reads.
struct ReadOnlyLoader: ConsoleDialect {
    private let loader: any LoaderDialect
    private let settings: ConsoleSettings
    private let environment: OperationEnvironment
    private let notify: ProgressHandler
    private let open: @Sendable (LoaderSession, LoaderTransfers) -> any FlashBoard
    /// Transfer methods that failed, for all connections.
    private let givenUp = GivenUp<LoaderReadMethod>()
    /// What happened on the network, for all connections.
    private let history = LoaderNetworkHistory()
    /// What the board printed at the first start that was seen, for all connections: later ones may find it at its
    /// prompt, and its flash is as large as before.
    private let startLog = FirstStartLog()

    /// - Parameter open: makes the board of a session.
    init(
        _ loader: any LoaderDialect, _ settings: ConsoleSettings, environment: OperationEnvironment,
        notify: @escaping ProgressHandler,
        open: @escaping @Sendable (LoaderSession, LoaderTransfers) -> any FlashBoard
    ) {
        self.loader = loader
        self.settings = settings
        self.environment = environment
        self.notify = notify
        self.open = open
    }

    var recognizer: any DialectRecognizer { LoaderRecognizer(loader) }

    func withBoard<Result: Sendable>(
        on answered: AnsweredConsole, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> DialectOutcome<Result> {
        let prompt = try answered.prompt(of: loader.name)
        if settings.rate != nil { notify(.note("\(loader.name) answers: its console keeps its rate")) }
        if let via = settings.via, via.loader == nil {
            throw via.refusal(by: loader.name, with: LoaderReadMethod.allCases.map(\.rawValue))
        }
        let session = LoaderSession(
            answered.console, loader, prompt: prompt, identifier: answered.identifier,
            startLog: startLog.first(answered.startLog))
        guard let network = settings.network, settings.via?.loader != .line else {
            return .finished(try await body(open(session, LoaderTransfers(nil))))
        }
        let (server, notify) = (network.computer(answered.line), notify)
        let transfers = LoaderTransfers(
            LoaderNetworkSettings(
                BoardNetworkSettings(
                    server: server, client: network.client, board: network.board, host: network.host,
                    nonce: environment.nonce),
                via: settings.via?.loader, givenUp: givenUp, history: history,
                notify: { notify(.note($0)) }))
        let board = open(session, transfers)
        return .finished(
            try await withShieldedCleanup {
                try await body(board)
            } cleanup: {
                await server.close()
            })
    }
}

/// The first start log that was not empty.
private final class FirstStartLog: Sendable {
    private let kept = Mutex<[UInt8]>([])

    func first(_ log: [UInt8]) -> [UInt8] {
        kept.withLock { kept in
            if kept.isEmpty { kept = log }
            return kept
        }
    }
}
