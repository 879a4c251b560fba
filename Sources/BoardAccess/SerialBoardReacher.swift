package import BoardChannels
import BoardConsoles
package import FlashAccess
package import FlashModel
package import LinuxFlash
private import Synchronization
package import UBootFlash

/// Reaches a board over its serial line, whoever answers there: a Linux shell or login, or U-Boot, which is stopped on
/// its way to start the system when the board is switched on.
package struct SerialBoardReacher: BoardReaching {
    /// What only a bootloader needs.
    package struct Settings: Sendable {
        /// What stops the countdown; nil goes by what the board prints.
        package var stopKey: [UInt8]?
        /// Switches the board off and on; nil where a person must.
        package var powerCycle: (@Sendable () async throws -> Void)?
        /// What need not cross the line again.
        package var store: ContentStore
        package var timing: UBootTiming
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
            store: ContentStore = ContentStore(), timing: UBootTiming = UBootTiming(),
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
    private let notify: ProgressHandler
    private let progress = Progress()

    /// What lasts beyond one connection.
    private final class Progress: Sendable {
        private let booted = Atomic<Bool>(false)
        /// Ways out of the bootloader that proved not to work.
        let givenUp = UBootWayMemory()
        /// Whether the image runs, as far as is known.
        var hasBooted: Bool {
            get { booted.load(ordering: .relaxed) }
            set { booted.store(newValue, ordering: .relaxed) }
        }
    }

    /// - Parameter notify: told what a person must do, such as switching the board on.
    package init(
        opener: any ChannelOpening, credentials: Credentials, environment: OperationEnvironment,
        settings: Settings = Settings(), notify: @escaping ProgressHandler = { _ in }
    ) {
        self.opener = opener
        self.credentials = credentials
        self.environment = environment
        self.settings = settings
        self.notify = notify
    }

    package var address: String { opener.traits.address }

    package func withBoard<Result: Sendable>(
        transcript: TranscriptLog, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        try await opener.withChannel { line in
            // What the board prints over the network belongs into the transcript, too.
            let merged = MergedChannel(line)
            let channel = transcript.recording(merged, clock: environment.stopwatch())
            var hasBegun = false
            while true {
                let found: Result?? = try await arrival.withSession(Console(channel)) { session in
                    hasBegun = true
                    if let boot = settings.boot {
                        if settings.rate != nil {
                            notify(.note("the image crosses the network: the line keeps its rate"))
                        }
                        // Also where the image ran already: the board was reset since.
                        try await boot.run(session, environment: environment, notify: notify)
                        progress.hasBooted = true
                        return nil
                    }
                    return try await atRate(session) { try await withFlash(session, $0, merged, body) }
                }
                if case .some(.some(let result)) = found { return result }
                if settings.rate != nil, settings.boot == nil {
                    notify(.note("Linux answers: its console keeps its rate, only U-Boot's can be changed"))
                }
                do {
                    return try await LinuxBoardReacher.withShell(channel, credentials, environment) { board in
                        hasBegun = true
                        return try await body(board)
                    }
                } catch let error as FlashkeepError where error.code == .bootloaderAnswers && !hasBegun {
                    // Taken for a system that shows no prompt: it was slow, or was reset just then.
                    hasBegun = true
                }
            }
        }
    }

    /// Runs the body while the line is at the rate that is wanted, and sets it back whatever happens.
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
                UBootFlashAccess(session, store: settings.store, format: settings.dumpFormat, lineRate: rate))
        }
        let notify = notify
        let wishes = UBootNetworkSettings(
            via: network.via, board: network.board, host: network.host, memory: progress.givenUp,
            nonce: environment.nonce, notify: { notify(.note($0)) })
        let host = network.computer(channel)
        let access = UBootFlashAccess(
            session, store: settings.store, format: settings.dumpFormat, lineRate: rate, network: (host, wishes))
        // The console must be left in order even if the user has cancelled everything.
        return try await withShieldedCleanup {
            try await body(access)
        } cleanup: {
            await access.end()
            await host.close()
        }
    }

    private var arrival: UBootArrival {
        let notify = notify
        let powerCycle = settings.powerCycle
        return UBootArrival(
            stopKey: settings.stopKey, wantsBootloader: settings.boot != nil && !progress.hasBooted,
            nonce: environment.nonce, password: credentials.password,
            timing: settings.timing,
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
}

extension UBootFlashAccess: FlashBoard {
    package var way: String { "U-Boot \(channelTraits.place)\(usesNetwork ? ", flash over the network" : "")" }

    /// Hexadecimal digits, three or four a byte, of ten bits each; what is known already comes quicker.
    package var usualRate: Int? { (lineBitRate ?? 115_200) * 10 / charactersPerByte }
}
