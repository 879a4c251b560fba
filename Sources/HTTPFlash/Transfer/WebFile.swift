internal import FlashModel

/// A file that a web server gives, as it arrives.
package final class WebFile: Sendable {
    private let transfer: HTTPTransfer
    private let address: WebAddress

    private init(_ transfer: HTTPTransfer, _ address: WebAddress) {
        self.transfer = transfer
        self.address = address
    }

    /// Asks a server for a file. Redirects are not followed.
    ///
    /// - Parameter url: of HTTP or HTTPS.
    /// - Throws: ``FlashkeepError`` with `addressNotUnderstood`, `replyNotUnderstood` if the server does not give the
    ///   file, `connectionRefused`, `hostUnreachable`, `noReplyInTime` and others.
    package static func open(_ url: String, _ settings: WebSettings = WebSettings()) async throws -> WebFile {
        guard let address = WebAddress(url) else {
            throw FlashkeepError(
                .addressNotUnderstood, what: "The address \(PrintableText.escaped(url, limit: 100)) is invalid.",
                why: "It is no address of a web page.", next: "Write it as in http://192.168.1.1/")
        }
        let transfer = try HTTPTransfer(.file(address), settings)
        let head = try await transfer.head()
        guard head.status == 200 else {
            throw FlashkeepError(
                .replyNotUnderstood, what: "\(PrintableText.escaped(address.path, limit: 80)) cannot be fetched.",
                why: head.status == 401
                    ? "the web server asks for a user and a password" : "the web server replies \(head.status)",
                next: "Look with a browser whether the file is there.")
        }
        return WebFile(transfer, address)
    }

    /// Returns the next bytes, at least one; nil at the end.
    ///
    /// - Throws: ``FlashkeepError`` with `boardLost` if the server stops before the end, `noReplyInTime` and others.
    package func next() async throws -> [UInt8]? {
        switch try await transfer.next() {
        case .bytes(let bytes): return bytes
        case .end: return nil
        case .cut(let why):
            throw FlashkeepError(
                .boardLost, what: "\(PrintableText.escaped(address.path, limit: 80)) broke off.", why: why,
                next: "Check that the board is still running, and run the command again.")
        }
    }
}
