package import BoardChannels
package import FlashAccess
internal import FlashModel

/// A board that is reached by web pages.
package enum WebBoard {
    /// What is expected behind an address.
    package enum Kind: Sendable, Hashable {
        /// A page with links to dumps, or MediaTek's failsafe pages.
        case page
        /// LuCI, of either generation.
        case luci
    }

    /// Reaches a board and finds out what its pages offer.
    ///
    /// - Parameters:
    ///   - url: of HTTP or HTTPS, without user and password.
    ///   - transcript: records requests and replies.
    ///   - clock: the time since the connection began.
    /// - Throws: ``FlashkeepError`` with `programMissing` if this computer lacks the library, `hostNotFound`,
    ///   `connectionRefused`, `hostUnreachable`, `hostKeyUnknown`, `hostKeyChanged`, `authenticationFailed`,
    ///   `passwordNeeded`, `replyNotUnderstood` and others.
    package static func open(
        _ url: String, _ kind: Kind, _ settings: WebSettings, transcript: TranscriptLog,
        clock: @escaping @Sendable () -> Duration
    ) async throws -> any FlashBoard {
        try CurlLibrary.check()
        guard let address = WebAddress(url) else {
            throw FlashkeepError(
                .addressNotUnderstood, what: "The address \(PrintableText.escaped(url, limit: 100)) is invalid.",
                why: "It is no address of a web page.", next: "Write it as in http://192.168.1.1/mtd_backup/")
        }
        let client = WebClient(settings, transcript: WebTranscript(transcript, clock: clock))
        switch kind {
        case .luci: return try await LuCI.open(client, address)
        case .page:
            let page = try await client.text(.page(address))
            if !DumpPage.isOne(page), let board = try await FailsafeBoard.recognize(client, page.address) {
                return board
            }
            // Where it was found: over a redirect no password is sent again.
            return LinkedDumps(client, page.address)
        }
    }
}
