package import BoardChannels
package import BoardConsoles
package import FlashAccess
package import FlashModel
package import LinuxFlash
private import Synchronization
package import UBootFlash

/// Opens a board on a console, whichever of the registered dialects answers there. A bootloader is stopped on its way to
/// start the system when the board is switched on.
package struct SerialConnector: BoardConnector {
    /// Settings that the user makes for consoles and bootloaders.
    package struct Settings: Sendable {
        /// What stops the countdown; nil goes by what the board prints.
        package var stopKey: [UInt8]?
        /// Switches the board off and on; nil where a person must.
        package var powerCycle: (@Sendable () async throws -> Void)?
        /// What need not cross the line again.
        package var store: ContentStore
        package var timing: ConsoleTiming
        /// How U-Boot prints memory: `saves`, `md`, `md.b`; nil takes the cheapest that works.
        package var dumpFormat: String?
        /// The faster rate that U-Boot's console and the line are brought to meanwhile; nil leaves them as they are.
        package var rate: UBootLineRate.Wish?
        /// What is started from the bootloader, so that its Linux is the board; nil takes the board as it is.
        package var boot: NetworkBoot?
        /// The network by which bytes may leave the bootloader and come to it; nil is for the line alone.
        package var network: UploadNetwork?

        package init(
            stopKey: [UInt8]? = nil, powerCycle: (@Sendable () async throws -> Void)? = nil,
            store: ContentStore = ContentStore(), timing: ConsoleTiming = ConsoleTiming(),
            dumpFormat: String? = nil, rate: UBootLineRate.Wish? = nil, boot: NetworkBoot? = nil,
            network: UploadNetwork? = nil
        ) {
            self.dumpFormat = dumpFormat
            self.rate = rate
            self.boot = boot
            self.network = network
            self.stopKey = stopKey
            self.powerCycle = powerCycle
            self.store = store
            self.timing = timing
        }
    }

    private let opener: any ChannelOpening
    private let credentials: Credentials
    private let environment: OperationEnvironment
    private let settings: Settings
    private let dialects: [any ConsoleDialect]
    private let notify: ProgressHandler

    /// - Parameters:
    ///   - notify: receives what a person must do, such as switching the board on.
    ///   - dialects: in the order in which they are asked; nil takes all of ``ConsoleDialects``.
    package init(
        opener: any ChannelOpening, credentials: Credentials, environment: OperationEnvironment,
        settings: Settings = Settings(), dialects: [any ConsoleDialect]? = nil,
        notify: @escaping ProgressHandler = { _ in }
    ) {
        self.opener = opener
        self.credentials = credentials
        self.environment = environment
        self.settings = settings
        self.notify = notify
        self.dialects =
            dialects
            ?? ConsoleDialects.all(settings, credentials: credentials, environment: environment, notify: notify)
    }

    package var address: String { opener.traits.address }

    package func withBoard<Result: Sendable>(
        transcript: TranscriptLog, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        try await opener.withChannel { line in
            // What the board prints over the network belongs in the transcript, too.
            let merged = MergedChannel(line)
            let channel = transcript.recording(merged, clock: environment.stopwatch())
            var mayRepeat = true
            while true {
                let identifier = identifier
                let console = Console(channel)
                let responder = try await identifier.find(console)
                guard let dialect = dialects.first(where: { $0.recognizer.name == responder.dialect }) else {
                    throw notSupported(responder.dialect)
                }
                do {
                    let outcome = try await dialect.withBoard(
                        on: AnsweredConsole(console, line: merged, prompt: responder.prompt, identifier: identifier)
                    ) { board in
                        mayRepeat = false
                        return try await body(board)
                    }
                    if case .finished(let result) = outcome { return result }
                    mayRepeat = false
                } catch let error as FlashkeepError where error.code == .bootloaderAnswers && mayRepeat {
                    // Taken for a system that shows no prompt: it was slow, or was reset just then.
                    mayRepeat = false
                }
            }
        }
    }

    private var identifier: ConsoleIdentifier {
        let notify = notify
        let powerCycle = settings.powerCycle
        return ConsoleIdentifier(
            recognizers: dialects.map(\.recognizer) + ForeignBootloader.all,
            wanted: dialects.first(where: \.isWanted)?.recognizer.name, stopKey: settings.stopKey,
            nonce: environment.nonce, password: credentials.password, timing: settings.timing,
            notify: { notice in
                switch notice {
                case .note(let text): notify(.note(text))
                case .needsPower(let text):
                    guard let powerCycle else { return notify(.request(text)) }
                    notify(.note("\(text) The power command is run."))
                    try await powerCycle()
                }
            })
    }

    private func notSupported(_ name: String) -> FlashkeepError {
        FlashkeepError(
            .internalFault, what: "\(name) answers at \(address), and nothing here speaks with it.",
            why: "Its dialect is not registered.", next: "Please report this.")
    }
}
