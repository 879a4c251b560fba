import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import UBootFlash

/// U-Boot on a console: reads the flash there, or starts an image whose Linux takes over.
struct UBootDialect: ConsoleDialect {
    private let settings: ConsoleSettings
    private let environment: OperationEnvironment
    private let notify: ProgressHandler
    /// Transfer methods that failed, for all connections.
    private let givenUp = GivenUpMethods()

    init(
        _ settings: ConsoleSettings, environment: OperationEnvironment, notify: @escaping ProgressHandler
    ) {
        self.settings = settings
        self.environment = environment
        self.notify = notify
    }

    var recognizer: any DialectRecognizer { UBootRecognizer() }
    var isWanted: Bool { settings.boot.map { !$0.hasStarted } == true }

    func withBoard<Result: Sendable>(
        on answered: AnsweredConsole, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> DialectOutcome<Result> {
        let prompt = try answered.prompt(of: "U-Boot")
        let session = UBootSession(
            answered.console, prompt: prompt, identifier: answered.identifier, startLog: answered.startLog)
        if let via = settings.via, via.uboot == nil, settings.boot == nil {
            throw via.refusal(by: "U-Boot", with: UBootReadMethod.allCases.map(\.rawValue))
        }
        if let boot = settings.boot {
            if settings.rate != nil {
                notify(.note("the image is transferred over the network: the line keeps its rate"))
            }
            // Even if the image was started before: the board has been reset since.
            try await boot.run(session, environment: environment, notify: notify)
            boot.noteStart()
            return .handedOver
        }
        return .finished(
            try await atRate(session) { rate in try await withFlash(session, rate, answered.line, body) })
    }

    /// Runs the body with the line at the wanted rate, and always restores the rate.
    private func atRate<Result: Sendable>(
        _ session: UBootSession, body: (UBootLineRate?) async throws -> Result
    ) async throws -> Result {
        guard let wish = settings.rate else { return try await body(nil) }
        let rate = UBootLineRate(session, wish: wish, notify: { [notify] in notify(.note($0)) })
        return try await withCleanup {
            try await rate.raise()
            return try await body(rate)
        } cleanup: {
            await rate.restore()
        }
    }

    /// Runs the body with the flash behind U-Boot.
    private func withFlash<Result: Sendable>(
        _ session: UBootSession, _ rate: UBootLineRate?, _ channel: MergedChannel,
        _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        guard let network = settings.network else {
            return try await body(
                UBootFlashAccess(
                    session, store: settings.store, format: settings.dumpFormat, lineRate: rate, given: settings.given))
        }
        let notify = notify
        let wishes = UBootNetworkSettings(
            via: network.via, board: network.board, host: network.host, givenUp: givenUp,
            nonce: environment.nonce, notify: { notify(.note($0)) })
        let host = network.computer(channel)
        let access = UBootFlashAccess(
            session, store: settings.store, format: settings.dumpFormat, lineRate: rate,
            network: (host, wishes), given: settings.given)
        // Leave the console in order even if the user has cancelled everything.
        return try await withShieldedCleanup {
            try await body(access)
        } cleanup: {
            await access.end()
            await host.close()
        }
    }
}

extension UBootFlashAccess: FlashBoard {
    package var accessMethod: String {
        "U-Boot \(channelTraits.connectionText)\(usesNetwork ? ", flash over the network" : "")"
    }
}
