package import FlashModel

/// Where a board is, as typed on the command line.
package enum BoardAddress: Sendable, Equatable {
    /// `user@host`, `ssh://user@host:port`, `ssh:ALIAS`.
    case ssh(destination: String, port: Int?)
    /// `telnet://user@host:port`.
    case telnet(user: String?, host: String, port: Int)
    /// `serial:/dev/ttyUSB0?baud=115200&user=root`.
    case serial(path: String, baud: Int, user: String?)
    /// `tcp://user@host:port`.
    case tcp(user: String?, host: String, port: Int)
    /// `local:`.
    case local

    /// All forms, with examples, for help and errors.
    package static let examples = [
        "root@192.168.1.1", "ssh://root@192.168.1.1:2222", "ssh:ALIAS", "telnet://192.168.1.1",
        "serial:/dev/ttyUSB0?baud=115200", "tcp://terminal-server:2001", "local:",
    ]

    /// The user to log in as if the board asks, if the address names one.
    package var user: String? {
        switch self {
        case .telnet(let user, _, _), .tcp(let user, _, _), .serial(_, _, let user): user
        case .ssh, .local: nil
        }
    }

    /// Whether it is a serial line, where a bootloader may answer.
    package var isSerialLine: Bool {
        switch self {
        case .serial, .tcp: true
        case .ssh, .telnet, .local: false
        }
    }

    /// Parses an address.
    ///
    /// - Throws: ``FlashkeepError`` with `addressNotUnderstood`.
    package init(_ text: String) throws(FlashkeepError) {
        if text == "local:" || text == "local" {
            self = .local
        } else if let rest = text.after("ssh://") {
            let (user, host, port) = try Self.authority(rest, of: text, defaultPort: nil)
            self = .ssh(destination: user.map { "\($0)@\(host)" } ?? host, port: port)
        } else if let rest = text.after("ssh:") {
            self = .ssh(destination: try Self.checked(rest, of: text), port: nil)
        } else if let rest = text.after("telnet://") {
            let (user, host, port) = try Self.authority(rest, of: text, defaultPort: 23)
            self = .telnet(user: user, host: host, port: port ?? 23)
        } else if let rest = text.after("tcp://") {
            let (user, host, port) = try Self.authority(rest, of: text, defaultPort: nil)
            guard let port else {
                throw Self.misunderstood(text, why: "A TCP address needs a port, as in tcp://terminal-server:2001.")
            }
            self = .tcp(user: user, host: host, port: port)
        } else if let rest = text.after("serial:") {
            self = try Self.serial(rest, of: text)
        } else if text.hasPrefix("/dev/") {
            throw Self.misunderstood(text, why: "This looks like a serial port: write serial:\(text).")
        } else if let colon = text.firstIndex(of: ":"), !text.contains("@"), text[colon...].hasPrefix("://") {
            throw Self.misunderstood(text, why: "No way in is called \(text[..<colon]).")
        } else {
            self = .ssh(destination: try Self.plainDestination(text), port: nil)
        }
    }

    /// `user@host` in the form that `ssh` accepts, with neither a password nor a port.
    private static func plainDestination(_ text: String) throws(FlashkeepError) -> String {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        if parts.dropLast().contains(where: { $0.contains(":") }) { throw passwordInAddress(text) }
        let host = parts.last ?? ""
        // More than one colon means an IPv6 address.
        if let colon = host.firstIndex(of: ":"), host.lastIndex(of: ":") == colon,
            host[host.index(after: colon)...].allSatisfy(\.isNumber)
        {
            throw misunderstood(
                text,
                why: colon == host.index(before: host.endIndex)
                    ? "There is nothing behind the colon." : "With a port it is written ssh://\(text).")
        }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host
        if bare.contains(":"), !isIPv6(bare) {
            throw misunderstood(text, why: "A way in and what it leads to are written as in telnet://192.168.1.1.")
        }
        for part in parts { _ = try checked(String(part), of: text) }
        return (parts.dropLast() + [bare]).joined(separator: "@")
    }

    /// Whether a name with colons can be an IPv6 address, with or without a zone (RFC 4007, section 11).
    private static func isIPv6(_ text: Substring) -> Bool {
        let digits = text.prefix { $0 != "%" }
        return digits.count { $0 == ":" } >= 2 && digits.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
    }

    private static func passwordInAddress(_ text: String) -> FlashkeepError {
        misunderstood(text, why: "A password does not belong into an address: FLASHKEEP_PASSWORD holds it.")
    }

    private static func serial(_ rest: String, of text: String) throws(FlashkeepError) -> BoardAddress {
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(parts[0])
        guard !path.isEmpty else { throw misunderstood(text, why: "The port's name is missing.") }
        var baud = 115_200
        var user: String?
        for item in parts.dropFirst().flatMap({ $0.split(separator: "&") }) {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            switch (pair[0], pair.count == 2 ? String(pair[1]) : "") {
            case ("baud", let value):
                guard let rate = Int(value), (50...4_000_000).contains(rate) else {
                    throw misunderstood(text, why: "baud must be a number from 50 to 4000000.")
                }
                baud = rate
            case ("user", let value) where !value.isEmpty:
                user = value
            default:
                throw misunderstood(text, why: "A serial address knows ?baud=NUMBER and &user=NAME, not \(item).")
            }
        }
        return .serial(path: path, baud: baud, user: user)
    }

    /// `user@host:port`, with IPv6 addresses in brackets (RFC 3986, section 3.2).
    private static func authority(
        _ rest: String, of text: String, defaultPort: Int?
    ) throws(FlashkeepError) -> (user: String?, host: String, port: Int?) {
        var rest = Substring(rest)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        var user: String?
        if let at = rest.lastIndex(of: "@") {
            let name = rest[..<at]
            guard !name.contains(":") else {
                throw passwordInAddress(text)
            }
            user = try checked(String(name), of: text)
            rest = rest[rest.index(after: at)...]
        }
        var host = rest
        var portText: Substring?
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            host = rest[rest.index(after: rest.startIndex)..<end]
            let tail = rest[rest.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw misunderstood(text, why: "After ] comes :PORT.") }
            portText = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = rest.lastIndex(of: ":") {
            host = rest[..<colon]
            portText = rest[rest.index(after: colon)...]
            guard !host.contains(":") else {
                throw misunderstood(text, why: "An IPv6 address needs brackets, as in telnet://[fe80::1%eth0].")
            }
        }
        guard let portText else { return (user, try checked(String(host), of: text), defaultPort) }
        guard let port = Int(portText), (1...65_535).contains(port) else {
            throw misunderstood(
                text,
                why: portText.contains("?")
                    ? "Who logs in stands before the host: \(text.prefix { $0 != ":" })://root@HOST:PORT."
                    : "A port is a number from 1 to 65535.")
        }
        return (user, try checked(String(host), of: text), port)
    }

    private static func checked(_ name: String, of text: String) throws(FlashkeepError) -> String {
        guard !name.isEmpty, !name.hasPrefix("-"), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw misunderstood(text, why: "The name of the host or user is missing or holds odd characters.")
        }
        return name
    }

    private static func misunderstood(_ text: String, why: String) -> FlashkeepError {
        // A possible password is not repeated: errors are kept in logs.
        var shown = text
        if let at = text.lastIndex(of: "@"), let colon = text[..<at].lastIndex(of: ":"),
            !text[colon...].hasPrefix("://")
        {
            shown = text[...colon] + "***" + text[at...]
        }
        return FlashkeepError(
            .addressNotUnderstood, what: "The address \"\(shown)\" is not understood.", why: why,
            next: "Use one of: " + examples.joined(separator: ", "))
    }
}

extension String {
    /// The text after a prefix; nil if the prefix is missing.
    fileprivate func after(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
