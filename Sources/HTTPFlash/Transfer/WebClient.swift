internal import BoardChannels
internal import FlashAccess
internal import FlashModel
private import Synchronization

/// A short text from a web server.
struct WebText: Sendable {
    /// Where it came from, after redirects.
    var address: WebAddress
    var head: HTTPHead
    var bytes: [UInt8]

    /// The first words of it.
    var words: String { Self.words(bytes) }

    /// The first words of a text, without tags, for errors: what a server says about a refusal.
    static func words(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var isTag = false
        for byte in bytes.prefix(2_000) {
            switch byte {
            case UInt8(ascii: "<"): isTag = true
            case UInt8(ascii: ">"):
                isTag = false
                text.append(0x20)
            case _ where !isTag: text.append(byte)
            default: break
            }
        }
        var words = ByteText(text[...]).words.prefix(40).map { $0.string(limit: 60) }
        // A server's own page says the same as its title and as its heading.
        let repeated = stride(from: words.count / 2, to: 0, by: -1).first { count in
            words[..<count].elementsEqual(words[count..<2 * count])
        }
        if let repeated { words.removeFirst(repeated) }
        return PrintableText.escaped(words.joined(separator: " "), limit: 160)
    }
}

/// Asks a board's web server, and follows redirects on it.
final class WebClient: Sendable {
    let settings: WebSettings
    let transcript: WebTranscript
    /// The user and password that the server asked for; nil as long as it has not.
    private let login = Mutex<(user: String, password: String)?>(nil)

    /// The most redirects in a row.
    private static let redirects = 5

    init(_ settings: WebSettings, transcript: WebTranscript) {
        self.settings = settings
        self.transcript = transcript
    }

    // MARK: Replies

    /// Sends a request and runs the body with the reply, after redirects and a login if the server asks for one. The
    /// connection ends with the body.
    ///
    /// - Throws: ``FlashkeepError`` of ``HTTPTransfer/head()``; `hostKeyUnknown` (``checkSecrecy(of:)``, too), `hostKeyChanged`,
    ///   `authenticationFailed`, `passwordNeeded`; `replyNotUnderstood` for a redirect that is not followed.
    func withReply<Result: Sendable>(
        _ request: HTTPRequest, _ body: (HTTPTransfer, HTTPHead) async throws -> Result
    ) async throws -> Result {
        var request = request
        var count = 0
        while true {
            let credentials = login.withLock { $0 }
            if credentials != nil || request.hasSecret { try checkSecrecy(of: request.address) }
            let transfer = try HTTPTransfer(request, settings, credentials: credentials)
            transcript.sent(request)
            let head = try await head(of: transfer)
            if request.hidesReply {
                transcript.remark("the reply has status \(head.status) and a secret")
            } else {
                transcript.received(transfer.headBytes)
            }
            if head.status == 401 {
                guard credentials == nil else { throw refused(request.address) }
                let given = try await askForLogin(request.address)
                login.withLock { $0 = given }
                continue
            }
            guard [301, 302, 303, 307, 308].contains(head.status), let location = head.value("location") else {
                return try await body(transfer, head)
            }
            // The caller of a request with a secret knows what a redirect means.
            if request.hasSecret { return try await body(transfer, head) }
            count += 1
            request = request.moved(
                to: try target(of: location, from: request.address, count, isLoggedIn: credentials != nil))
        }
    }

    private func head(of transfer: HTTPTransfer) async throws -> HTTPHead {
        do {
            return try await transfer.head()
        } catch let error as FlashkeepError where WebFailure.isCertificate(error) {
            throw await ServerCertificate.explained(error, transfer.request.address, settings.limits)
        }
    }

    private func target(
        of location: ByteText, from address: WebAddress, _ count: Int, isLoggedIn: Bool
    ) throws -> WebAddress {
        let what = "The web server of \(WebFailure.name(of: address)) redirects to another address."
        let shown = PrintableText.escaped(location.string(limit: 200), limit: 120)
        guard count <= Self.redirects else {
            throw FlashkeepError(
                .replyNotUnderstood, what: what, why: "There were more than \(Self.redirects) redirects in a row.",
                next: "Look with a browser where the pages are, and give that address.")
        }
        guard let target = WebAddress(location.string(limit: 2_000), relativeTo: address),
            address.mayRedirect(to: target)
        else {
            throw FlashkeepError(
                .replyNotUnderstood, what: what,
                why: "It redirects to \"\(shown)\", which is not the same host. Flashkeep does not follow that.",
                next: "If that is the board, give that address.")
        }
        guard !isLoggedIn else {
            throw FlashkeepError(
                .replyNotUnderstood, what: what,
                why: "It redirects to \"\(shown)\" after a login, and a password is never sent over a redirect.",
                next: "Give that address.")
        }
        return target
    }

    // MARK: Login

    /// Refuses to send a secret without TLS if the user has named the server's key: whoever answers has not shown it.
    ///
    /// - Throws: `hostKeyUnknown`.
    func checkSecrecy(of address: WebAddress) throws {
        guard settings.serverKey != nil, address.scheme != "https" else { return }
        throw FlashkeepError(
            .hostKeyUnknown, what: "No password is sent to \(WebFailure.name(of: address)).",
            why: "--https-key is given, but the server answers without TLS, and so has not shown its key.",
            next: "Give its address with https:// or luci+https://, or omit --https-key.")
    }

    private func askForLogin(_ address: WebAddress) async throws -> (user: String, password: String) {
        let server = WebFailure.name(of: address)
        try checkSecrecy(of: address)
        guard let user = settings.credentials.user else {
            throw FlashkeepError(
                .passwordNeeded, what: "The web server of \(server) asks for a user and a password.",
                why: "The address has no user.", next: "Add it: \(address.scheme)://USER@\(server)\(address.path)")
        }
        guard let password = try await settings.credentials.password() else {
            throw FlashkeepError(
                .passwordNeeded,
                what: "The web server of \(server) asks for the password of \(PrintableText.escaped(user, limit: 40)).",
                why: "No password was given, and nobody can be asked.",
                next: "Put it into FLASHKEEP_PASSWORD or a file for --password-file.")
        }
        transcript.hide(password)
        return (user, password)
    }

    private func refused(_ address: WebAddress) -> FlashkeepError {
        FlashkeepError(
            .authenticationFailed,
            what: "The web server of \(WebFailure.name(of: address)) refuses the user and the password.",
            why: "It replies 401.", next: "Check both.")
    }

    // MARK: Texts

    /// Fetches a short text, whatever its status.
    ///
    /// - Throws: as ``withReply(_:_:)``; `replyNotUnderstood` if it is too long; `boardLost` if it breaks off;
    ///   `noReplyInTime`.
    func text(_ request: HTTPRequest) async throws -> WebText {
        try await withReply(request) { transfer, head in
            let clock = ContinuousClock()
            let start = clock.now
            var bytes: [UInt8] = []
            let address = transfer.request.address
            while true {
                switch try await transfer.next() {
                case .bytes(let piece):
                    guard bytes.count + piece.count <= self.settings.limits.textBytes else { throw tooLong(address) }
                    bytes += piece
                case .end:
                    if !request.hidesReply { transcript.received(text: bytes) }
                    return WebText(address: address, head: head, bytes: bytes)
                case .cut(let why):
                    throw FlashkeepError(
                        .boardLost,
                        what: "\(PrintableText.escaped(address.path, limit: 80)) broke off after "
                            + "\(ByteCount.text(bytes.count)).",
                        why: why, next: "Check that the board is still running, and run the command again.")
                }
                if clock.now - start > settings.limits.text { throw WebFailure.stalled(address, settings.limits.text) }
            }
        }
    }

    private func tooLong(_ address: WebAddress) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood, what: "The page \(PrintableText.escaped(address.path, limit: 80)) is too long.",
            why: "It has more than \(ByteCount.text(settings.limits.textBytes)); a page of links is much shorter.",
            next: "Give the address of a folder or a page with links to dumps.")
    }

    /// Fetches the beginning of a file, to see what it is.
    ///
    /// - Parameter count: the bytes wanted; fewer if the file is shorter.
    func beginning(of address: WebAddress, count: Int) async throws -> WebText {
        try await withReply(.file(address)) { transfer, head in
            var bytes: [UInt8] = []
            reading: while bytes.count < count {
                switch try await transfer.next() {
                case .bytes(let piece): bytes += piece
                case .end, .cut: break reading
                }
            }
            return WebText(address: transfer.request.address, head: head, bytes: Array(bytes.prefix(count)))
        }
    }
}
