package import FlashAccess
import HTTPFlash

/// A page on the board: one with links to dumps, or MediaTek's failsafe pages: `http://user@host:port/path/`.
package struct HTTPAddress: AddressScheme {
    package static let forms = [AddressForm("http://192.168.1.1/mtd_backup/", "a web page with links to dumps")]

    /// For the login that the server may ask for; nil if the address does not say.
    package let user: String?
    package let host: String
    /// 1 to 65535; nil is the usual one.
    package let port: Int?
    /// Begins with a slash.
    package let path: String
    package let isSecure: Bool

    package init(user: String? = nil, host: String, port: Int? = nil, path: String = "/", isSecure: Bool = false) {
        self.user = user
        self.host = host
        self.port = port
        self.path = path
        self.isSecure = isSecure
    }

    package static func parse(_ text: String) throws(AddressFault) -> HTTPAddress? {
        guard let prefix = ["http://", "https://"].first(where: text.hasPrefix) else { return nil }
        let rest = text.dropFirst(prefix.count)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let authority = try AddressSyntax.Authority(prefix + rest[..<end], after: prefix)
        let path = rest[end...]
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw AddressFault("The path has characters that must be percent-encoded, such as %20 for a blank.")
        }
        return HTTPAddress(
            user: authority.user, host: authority.host, port: authority.port,
            path: path.hasPrefix("/") ? String(path) : "/" + path, isSecure: prefix == "https://")
    }

    package var isConsole: Bool { false }

    package func connector(_ context: ConnectionContext) throws -> any BoardConnector {
        try context.web(
            AddressSyntax.url(isSecure: isSecure, host: host, port: port, path: path), .page, user: user)
    }
}
