import BoardChannels
package import FlashAccess

/// A serial line over raw TCP, as terminal servers, ser2net and emulators offer it: `tcp://user@host:port`.
package struct TCPAddress: AddressScheme {
    package static let forms = [AddressForm("tcp://terminal-server:2001", "a serial port behind TCP")]
    private static let prefix = "tcp://"

    package let user: String?
    package let host: String
    /// 1 to 65535.
    package let port: Int

    package init(user: String? = nil, host: String, port: Int) {
        self.user = user
        self.host = host
        self.port = port
    }

    package static func parse(_ text: String) throws(AddressFault) -> TCPAddress? {
        guard text.hasPrefix(prefix) else { return nil }
        let authority = try AddressSyntax.Authority(text, after: prefix)
        guard let port = authority.port else {
            throw AddressFault("A TCP address needs a port, as in tcp://terminal-server:2001.")
        }
        return TCPAddress(user: authority.user, host: authority.host, port: port)
    }

    package var isConsole: Bool { true }

    package func connector(_ context: ConnectionContext) throws -> any BoardConnector {
        try context.refuseLineRate(
            "The rate of the port is set on the terminal server, or in the configuration of ser2net.")
        return try context.console(TCPOpener(host: host, port: port), user: user)
    }
}
