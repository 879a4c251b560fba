private import CCurl
private import FlashAccess

/// The address of something on a web server: HTTP or HTTPS, without a fragment, in the library's form of a URL.
struct WebAddress: Sendable, Hashable {
    /// The whole address, percent-encoded.
    let url: String
    /// `http` or `https`.
    let scheme: String
    /// In lower case; an IPv6 address has its brackets.
    let host: String
    /// 1 to 65535.
    let port: Int
    /// Percent-encoded; begins with a slash.
    let path: String
    /// Percent-encoded; nil if there is none.
    let query: String?
    /// Whether the address has a user or a password.
    let hasUser: Bool

    /// The most bytes of an address.
    private static let limit = 8_192

    /// Parses an address, or resolves a reference as a link has it (RFC 3986, section 5).
    ///
    /// - Parameter base: the address of the page with the link; nil for an address by itself.
    /// - Returns: nil if it is no address of a web server.
    init?(_ text: String, relativeTo base: WebAddress? = nil) {
        let encoded = Self.encoded(text)
        guard !encoded.isEmpty, encoded.utf8.count <= Self.limit else { return nil }
        var parts = unsafe flashkeep_url()
        guard unsafe flashkeep_url_parse(base?.url, encoded, &parts) == 1 else { return nil }
        defer { unsafe flashkeep_url_free(&parts) }
        guard let url = unsafe Self.text(parts.url), let scheme = unsafe Self.text(parts.scheme),
            let host = unsafe Self.text(parts.host), let path = unsafe Self.text(parts.path), path.hasPrefix("/")
        else { return nil }
        self.url = url
        self.scheme = scheme
        self.host = host.lowercased()
        self.path = path
        query = unsafe Self.text(parts.query)
        hasUser = unsafe parts.user != nil
        port = unsafe Int(parts.port)
    }

    private static func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(cString: pointer)
    }

    /// Percent-encodes what must not stand in an address but stands in links: blanks, control characters, bytes beyond
    /// ASCII, and a few more.
    private static func encoded(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x21, 0x23...0x3B, 0x3D, 0x3F...0x5B, 0x5D, 0x5F, 0x61...0x7A, 0x7E: result.append(byte)
            default: result += PercentEncoding.escape(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Whether both are on the same server: scheme, host and port.
    func isSameServer(as other: WebAddress) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }

    /// Whether a redirect from here to another address stays on the same server, or on the same host with TLS.
    func mayRedirect(to other: WebAddress) -> Bool {
        guard host == other.host, !other.hasUser else { return false }
        return isSameServer(as: other) || scheme == "http" && other.scheme == "https"
    }

    /// The path up to its last slash, with it.
    var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "/" }
        return String(path[...slash])
    }

    /// The last part of the path, decoded; empty for a folder.
    var name: [UInt8] {
        PercentEncoding.decoded(path[folder.endIndex...].utf8)
    }
}

/// Percent-encoding (RFC 3986, section 2.1).
enum PercentEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// `%2F` for a byte.
    static func escape(_ byte: UInt8) -> [UInt8] {
        [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    /// Encodes text for a form's field: everything except unreserved characters.
    static func encoded(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: result.append(byte)
            default: result += escape(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Decodes; what is not a valid escape stays as it is.
    static func decoded(_ text: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(text)
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "%"), position + 2 < bytes.count,
                let high = ByteText.hexadecimalValue(bytes[position + 1]),
                let low = ByteText.hexadecimalValue(bytes[position + 2])
            {
                result.append(high << 4 | low)
                position += 3
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return result
    }
}
