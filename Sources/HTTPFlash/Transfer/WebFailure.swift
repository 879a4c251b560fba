private import CCurl
internal import FlashModel

/// What failures of a connection mean, with the words for them.
enum WebFailure {
    /// Codes of libcurl-errors(3).
    private enum Code {
        /// Also a reply of HTTP/0.9.
        static let noProtocol: CInt = 1
        static let noHost: CInt = 6
        static let noConnection: CInt = 7
        static let oddReply: CInt = 8
        static let cut: CInt = 18
        static let notTaken: CInt = 23
        static let timeout: CInt = 28
        static let noTLS: CInt = 35
        static let nothing: CInt = 52
        static let sendFailed: CInt = 55
        static let receiveFailed: CInt = 56
        static let badCertificate: CInt = 60
        static let oddPacking: CInt = 61
        static let tooLong: CInt = 63
        static let otherKey: CInt = 90
        static let tooLarge: CInt = 100
    }

    /// Whether a code means that the connection ended, so that the same request may be repeated.
    static func isCut(_ code: CInt) -> Bool {
        [Code.cut, Code.nothing, Code.sendFailed, Code.receiveFailed].contains(code)
    }

    /// Whether a code means that the server's certificate is not valid.
    static func isCertificate(_ error: FlashkeepError) -> Bool { error.code == .hostKeyUnknown }

    /// - Parameters:
    ///   - words: the library's, safe to show.
    ///   - isRefused: whether the host refused the connection.
    static func error(_ code: CInt, words: String, isRefused: Bool, _ address: WebAddress) -> FlashkeepError {
        let server = name(of: address)
        switch code {
        case Code.noHost:
            return FlashkeepError(
                .hostNotFound, what: "The host \(PrintableText.escaped(address.host, limit: 80)) is not found.",
                why: words, next: "Check the name, or use the board's IP address.")
        case Code.noConnection:
            return FlashkeepError(
                isRefused ? .connectionRefused : .hostUnreachable, what: "\(server) does not answer.", why: words,
                next: "Check the address, the cable, and that the board's web server is running.")
        case Code.timeout:
            return FlashkeepError(
                .hostUnreachable, what: "\(server) does not answer.", why: words,
                next: "Check the address and the cable, and that this computer has an address in the board's network.")
        case Code.noTLS:
            return FlashkeepError(
                .replyNotUnderstood, what: "There is no secure connection to \(server).", why: words,
                next: "If the board has no HTTPS there, or only versions that are no longer safe, use http:// instead.")
        case Code.badCertificate:
            return FlashkeepError(
                .hostKeyUnknown, what: "The certificate of \(server) is not valid.", why: words,
                next: "Use http:// or SSH.")
        case Code.otherKey:
            return FlashkeepError(
                .hostKeyChanged, what: "\(server) does not have the key given with --https-key.", why: words,
                next: "Check that it is the right board; if it has made a new key, omit --https-key to see it.")
        case _ where isCut(code):
            return FlashkeepError(
                .boardLost, what: "\(server) closed the connection without a reply.", why: words,
                next: "Check that the board is still running, and run the command again.")
        case Code.oddPacking:
            return FlashkeepError(
                .replyNotUnderstood, what: "A reply of \(server) cannot be unpacked.", why: words,
                next: "Check with a browser what is there.")
        case Code.noProtocol where words.contains("not supported"):
            // `Protocol "https" not supported`.
            return FlashkeepError(
                .programMissing, what: "This computer's libcurl has no \(address.scheme).", why: words,
                next: "Install one with TLS (Debian and Ubuntu: apt install libcurl4), or use http://.")
        case FLASHKEEP_TRANSFER_HEAD_TOO_LONG, Code.tooLarge:
            return notHTTP(address, said: "Its headers are too long for a router's web server.")
        case Code.noProtocol, Code.oddReply, Code.notTaken, Code.tooLong:
            return notHTTP(address, said: words)
        default:
            return FlashkeepError(
                .internalFault, what: "libcurl, the library for web pages, failed.",
                why: "Its error is \(code)" + (words.isEmpty ? "." : ": \(words)"),
                next: "Run the command again; if it fails again, please report this.")
        }
    }

    static func notHTTP(_ address: WebAddress, said words: String) -> FlashkeepError {
        FlashkeepError(
            .replyNotUnderstood, what: "What \(name(of: address)) replies is not HTTP.",
            why: words.isEmpty ? "Its status line was not understood." : words,
            next: "Check the address and the port: a web server is expected there.")
    }

    static func stalled(_ address: WebAddress, _ limit: Duration) -> FlashkeepError {
        FlashkeepError(
            .noReplyInTime, what: "\(name(of: address)) stopped sending.",
            why: "Next to nothing came within \(limit.components.seconds) seconds.",
            next: "Check that the board is still running, and run the command again.")
    }

    /// `192.168.1.1`, or with another port than usual `192.168.1.1:8080`.
    static func name(of address: WebAddress) -> String {
        let usual = address.scheme == "https" ? 443 : 80
        let host = PrintableText.escaped(address.host, limit: 80)
        return address.port == usual ? host : "\(host):\(address.port)"
    }
}
