package import BoardChannels
package import FlashAccess
import HTTPFlash

/// Opens a board through its web pages.
package struct WebConnector: BoardConnector {
    package let address: String
    private let url: String
    private let kind: WebBoard.Kind
    private let settings: WebSettings
    private let environment: OperationEnvironment

    /// - Parameters:
    ///   - address: as typed, without secrets.
    ///   - url: of HTTP or HTTPS, without user and password.
    init(
        address: String, url: String, kind: WebBoard.Kind, settings: WebSettings, environment: OperationEnvironment
    ) {
        self.address = address
        self.url = url
        self.kind = kind
        self.settings = settings
        self.environment = environment
    }

    package func withBoard<Result: Sendable>(
        transcript: TranscriptLog, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        try await body(
            try await WebBoard.open(url, kind, settings, transcript: transcript, clock: environment.stopwatch()))
    }
}
