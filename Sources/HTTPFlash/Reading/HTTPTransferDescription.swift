internal import FlashAccess
internal import FlashModel

/// Describes how dumps come from a web server.
struct HTTPTransferDescription: TransferDescribing {
    /// `HTTP` or `HTTPS`.
    let transferName: String
    /// The requests.
    let commands: [String]
    let usualRate: Int? = nil

    /// - Parameter address: of the server.
    init(_ address: WebAddress, commands: [String]) {
        transferName = address.scheme == "https" ? "HTTPS" : "HTTP"
        self.commands = commands
    }
}

/// Watches a board behind web pages: it is surveyed again, in the same way.
struct HTTPLayoutWatch: LayoutWatching {
    let survey: Survey
    /// Takes the survey again.
    let again: () async throws -> Survey

    func changes() async throws -> [LayoutChange] { LayoutChange.between(survey, try await again()) }
}
