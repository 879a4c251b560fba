internal import FlashModel

/// Fetches files from a web server on the board, one at a time, for the carriers that use one.
final class WebFetch {
    private let host: any LinuxNetworkHost
    private var file: (any FetchedFile)?
    /// Whether a file has ever been opened.
    private(set) var hasDelivered = false

    init(_ host: any LinuxNetworkHost) {
        self.host = host
    }

    /// Starts to fetch a file, in place of any other.
    ///
    /// - Throws: ``NetworkFailure`` if the server does not give it.
    func open(_ url: String) async throws {
        file = try await failing { try await host.fetch(url) }
        hasDelivered = true
    }

    /// Returns the next bytes of the file; nil without one.
    ///
    /// - Throws: ``NetworkFailure``, also at its end.
    func bytes() async throws -> [UInt8]? {
        guard let file else { return nil }
        guard let bytes = try await failing({ try await file.next() }) else {
            throw NetworkFailure(why: "the connection ended before all had come")
        }
        return bytes
    }

    /// Stops fetching.
    func close() {
        file = nil
    }

    /// Proves that a server gives a file that holds a word and a line end, and nothing else.
    ///
    /// - Parameter otherwise: the reason if it gives something else.
    /// - Throws: ``NetworkFailure``.
    func prove(_ word: String, at url: String, otherwise: String) async throws {
        let text = try await failing {
            let file = try await host.fetch(url)
            var text: [UInt8] = []
            while text.count < 1_024, let bytes = try await file.next() { text += bytes }
            return text
        }
        guard text == Array("\(word)\n".utf8) else { throw NetworkFailure(why: otherwise) }
    }

    private func failing<Result>(_ work: () async throws -> Result) async throws -> Result {
        do {
            return try await work()
        } catch let error as FlashkeepError {
            throw NetworkFailure(why: error.why, isSilence: error.code == .hostUnreachable)
        }
    }
}
