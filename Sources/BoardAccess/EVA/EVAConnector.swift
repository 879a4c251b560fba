package import BoardChannels
package import EVAFlash
package import FlashAccess
package import FlashModel

/// Opens a board in the bootloader of an AVM box.
package struct EVAConnector: BoardConnector {
    package let address: String
    private let host: String
    private let port: Int
    private let limits: EVALimits
    private let environment: OperationEnvironment
    private let notify: ProgressHandler

    /// - Parameters:
    ///   - address: as typed.
    ///   - port: 1 to 65535.
    package init(
        address: String, host: String, port: Int, limits: EVALimits = EVALimits(), environment: OperationEnvironment,
        notify: @escaping ProgressHandler
    ) {
        self.address = address
        self.host = host
        self.port = port
        self.limits = limits
        self.environment = environment
        self.notify = notify
    }

    package func withBoard<Result: Sendable>(
        transcript: TranscriptLog, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        let clock = environment.stopwatch()
        let (host, patience) = (host, limits.connection)
        let opener: @Sendable (Int) -> any ChannelOpening = { port in
            RecordingOpener(TCPOpener(toBoard: host, port: port, scheme: "eva", connectTimeout: patience)) {
                transcript.recording($0, clock: clock)
            }
        }
        let link = EVALink(control: opener(port), data: opener, limits: limits, notify: notify)
        return try await body(try await EVABoard.open(link))
    }
}
