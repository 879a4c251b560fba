import BoardChannels
package import FlashAccess

/// A shell over telnet, or RedBoot's console: `telnet://user@host:port`.
package struct TelnetAddress: AddressScheme {
    package static let forms = [AddressForm("telnet://192.168.1.1", "telnet")]
    private static let prefix = "telnet://"

    package let user: String?
    package let host: String
    /// 1 to 65535.
    package let port: Int

    package init(user: String? = nil, host: String, port: Int = 23) {
        self.user = user
        self.host = host
        self.port = port
    }

    package static func parse(_ text: String) throws(AddressFault) -> TelnetAddress? {
        guard text.hasPrefix(prefix) else { return nil }
        let authority = try AddressSyntax.Authority(text, after: prefix)
        return TelnetAddress(user: authority.user, host: authority.host, port: authority.port ?? 23)
    }

    /// The port at which RedBoot listens unless its configuration names another (`gdb_port`; eCos
    /// `redboot/current/cdl/redboot.cdl`, CYGNUM_REDBOOT_NETWORKING_TCP_PORT).
    private static let redBootPort = 9_000

    package var isConsole: Bool { port == Self.redBootPort }

    package func connector(_ context: ConnectionContext) throws -> any BoardConnector {
        try context.refuseLineRate("It is for a serial line on which U-Boot answers.")
        if isConsole { return try context.console(TelnetOpener(host: host, port: port), user: user) }
        return try context.linux(TelnetOpener(host: host, port: port), user: user)
    }
}
