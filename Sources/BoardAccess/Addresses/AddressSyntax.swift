/// Syntax that several address schemes share. Pure.
enum AddressSyntax {
    /// `user@host:port`, with IPv6 addresses in brackets (RFC 3986, section 3.2).
    struct Authority {
        var user: String?
        var host: String
        /// 1 to 65535.
        var port: Int?

        /// Parses what follows a prefix such as `telnet://`.
        init(_ text: String, after prefix: String) throws(AddressFault) {
            var rest = text.dropFirst(prefix.count)
            if rest.hasSuffix("/") { rest = rest.dropLast() }
            if let at = rest.lastIndex(of: "@") {
                let name = rest[..<at]
                guard !name.contains(":") else { throw passwordInAddress }
                user = try AddressSyntax.name(name)
                rest = rest[rest.index(after: at)...]
            }
            let (hostText, portText) = try Self.parts(rest)
            host = try AddressSyntax.name(hostText)
            guard let portText else { return }
            guard let number = Int(portText), (1...65_535).contains(number) else {
                throw AddressFault(
                    portText.contains("?")
                        ? "The user is written before the host: \(text.prefix { $0 != ":" })://root@HOST:PORT."
                        : "The port must be a number from 1 to 65535.")
            }
            port = number
        }

        private static func parts(_ rest: Substring) throws(AddressFault) -> (host: Substring, port: Substring?) {
            if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
                let tail = rest[rest.index(after: end)...]
                guard tail.isEmpty || tail.hasPrefix(":") else { throw AddressFault("Only :PORT may follow ].") }
                return (rest[rest.index(after: rest.startIndex)..<end], tail.isEmpty ? nil : tail.dropFirst())
            }
            guard let colon = rest.lastIndex(of: ":") else { return (rest, nil) }
            let host = rest[..<colon]
            guard !host.contains(":") else {
                throw AddressFault("An IPv6 address needs brackets, as in telnet://[fe80::1%eth0].")
            }
            return (host, rest[rest.index(after: colon)...])
        }
    }

    /// The URL of a web server, without a user.
    ///
    /// - Parameters:
    ///   - host: an IPv6 address without brackets, with or without a zone.
    ///   - port: nil is the usual one.
    ///   - path: begins with a slash.
    static func url(isSecure: Bool, host: String, port: Int?, path: String) -> String {
        // In a URL the percent sign of a zone is itself encoded (RFC 6874, section 2).
        let shown = host.contains(":") ? "[\(host.replacing("%", with: "%25"))]" : host
        return (isSecure ? "https://" : "http://") + shown + (port.map { ":\($0)" } ?? "") + path
    }

    static let passwordInAddress = AddressFault(
        "A password does not belong in an address: FLASHKEEP_PASSWORD holds it.")

    /// Checks the name of a host or user: printable ASCII that no program takes for an option.
    static func name(_ name: some StringProtocol) throws(AddressFault) -> String {
        guard !name.isEmpty, !name.hasPrefix("-"), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw AddressFault("The host or user name is missing or has invalid characters.")
        }
        return String(name)
    }

    /// Whether a name with colons can be an IPv6 address, with or without a zone (RFC 4007, section 11).
    static func isIPv6(_ text: Substring) -> Bool {
        let digits = text.prefix { $0 != "%" }
        return digits.count { $0 == ":" } >= 2 && digits.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
    }

    /// The address without anything that may be a password, since errors are kept in logs.
    static func withoutPassword(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@"), let colon = text[..<at].lastIndex(of: ":"),
            !text[colon...].hasPrefix("://")
        else { return text }
        return text[...colon] + "***" + text[at...]
    }
}
