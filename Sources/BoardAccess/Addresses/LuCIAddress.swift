package import FlashAccess
import HTTPFlash

/// OpenWrt's web interface: `luci://user@host:port`, with TLS `luci+https://user@host:port`.
package struct LuCIAddress: AddressScheme {
    package static let forms = [
        AddressForm("luci://root@192.168.1.1", "OpenWrt's web interface; luci+https:// with TLS")
    ]

    /// nil is root.
    package let user: String?
    package let host: String
    /// 1 to 65535; nil is the usual one.
    package let port: Int?
    package let isSecure: Bool

    package init(user: String? = nil, host: String, port: Int? = nil, isSecure: Bool = false) {
        self.user = user
        self.host = host
        self.port = port
        self.isSecure = isSecure
    }

    package static func parse(_ text: String) throws(AddressFault) -> LuCIAddress? {
        guard let prefix = ["luci://", "luci+https://"].first(where: text.hasPrefix) else { return nil }
        guard !text.dropFirst(prefix.count).dropLast().contains(where: { "/?#".contains($0) }) else {
            throw AddressFault("LuCI's address has no path: write \(prefix)root@HOST.")
        }
        let authority = try AddressSyntax.Authority(text, after: prefix)
        return LuCIAddress(
            user: authority.user, host: authority.host, port: authority.port,
            isSecure: prefix == "luci+https://" || authority.port == 443)
    }

    package var isConsole: Bool { false }

    package func connector(_ context: ConnectionContext) throws -> any BoardConnector {
        try context.web(
            AddressSyntax.url(isSecure: isSecure, host: host, port: port, path: "/"), .luci, user: user)
    }
}
