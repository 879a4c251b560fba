import BoardConsoles
import FlashAccess
import FlashModel
import LinuxFlash

/// Linux on a console: a login or a shell.
struct LinuxDialect: ConsoleDialect {
    private let credentials: Credentials
    private let environment: OperationEnvironment
    /// Whether the user wants a line rate, which only a bootloader can change.
    private let wantsRate: Bool
    /// The network beside the console; nil means the console only.
    private let network: NetworkOptions?
    private let givenUp = GivenUp<LinuxReadMethod>()
    private let notify: ProgressHandler

    /// - Parameters:
    ///   - wantsRate: whether the user wants a line rate, which only a bootloader can change.
    ///   - network: the network beside the console; nil means the console only.
    init(
        credentials: Credentials, environment: OperationEnvironment, wantsRate: Bool, network: NetworkOptions?,
        notify: @escaping ProgressHandler
    ) {
        self.credentials = credentials
        self.environment = environment
        self.wantsRate = wantsRate
        self.network = network
        self.notify = notify
    }

    var recognizer: any DialectRecognizer { LinuxRecognizer() }

    func withBoard<Result: Sendable>(
        on answered: AnsweredConsole, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> DialectOutcome<Result> {
        if wantsRate {
            notify(.note("Linux answers: its console keeps its rate, because only U-Boot's can be changed"))
        }
        var network = try LinuxNetworkArguments.network(network, environment: environment, notify: notify)
        network?.settings.givenUp = givenUp
        return .finished(
            try await LinuxConnector.withShell(
                answered.console.channel, credentials, environment, network: network, body: body))
    }
}
