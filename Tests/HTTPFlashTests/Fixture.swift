import BoardChannels
import Foundation
import TestBoards
import TestSupport

@testable import HTTPFlash

/// A file below `Fixtures`.
enum Fixture {
    static func bytes(_ name: String) throws -> [UInt8] {
        let url = Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil)
        return Array(try Data(contentsOf: try url.orThrow()))
    }
}

extension Optional {
    fileprivate func orThrow() throws -> Wrapped {
        guard let self else { throw CocoaError(.fileNoSuchFile) }
        return self
    }
}

extension WebClient {
    /// With limits for servers on this computer, which answer at once.
    static func quick(_ change: (inout WebSettings) -> Void = { _ in }) -> WebClient {
        var settings = WebSettings()
        settings.limits.stall = .milliseconds(600)
        settings.limits.text = .seconds(5)
        change(&settings)
        return WebClient(settings, transcript: WebTranscript(TranscriptLog(), clock: { .zero }))
    }
}

extension TestWebServer {
    func address(_ path: String) throws -> WebAddress { try WebAddress(url(path)).orThrow() }
}

/// A server for the length of a closure.
func withServer<Result>(
    _ handler: @escaping @Sendable (TestWebServer.Request) throws -> TestWebServer.Reply,
    _ body: (TestWebServer) async throws -> Result
) async throws -> Result {
    let server = try TestWebServer(handler)
    defer { server.stop() }
    return try await body(server)
}
