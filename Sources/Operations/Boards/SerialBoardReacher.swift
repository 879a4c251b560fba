package import BoardChannels
package import BoardConsoles
package import FlashAccess
private import FlashModel

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

        package init(
            stopKey: [UInt8]? = nil, powerCycle: (@Sendable () async throws -> Void)? = nil,
            store: ContentStore = ContentStore(), timing: UBootTiming = UBootTiming()
        ) {
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
        try await opener.recorded(in: transcript, environment).withChannel { channel in
            let found = try await arrival.withSession(Console(channel)) { session in
                try await body(UBootFlashAccess(session, store: settings.store))
            }
            if let found { return found }
            return try await LinuxBoardReacher.withShell(channel, credentials, environment, body: body)
        }
    }

    private var arrival: UBootArrival {
        let notify = notify
        let powerCycle = settings.powerCycle
        return UBootArrival(
            stopKey: settings.stopKey, nonce: environment.nonce, password: credentials.password,
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
    package var way: String { "U-Boot \(channelTraits.place)" }

    /// Hexadecimal digits at 115200 bits a second; what is known already comes quicker.
    package var usualRate: Int? { 2_800 }
}
