import BoardChannels
package import FlashAccess

/// A shell over SSH, through the system's client: `user@host`, `ssh://user@host:port`, or `ssh:ALIAS`.
package struct SSHAddress: AddressScheme {
    package static let forms = [
        AddressForm("root@192.168.1.1", "SSH, with your keys and configuration"),
        AddressForm("ssh://root@192.168.1.1:2222", "SSH on another port"),
        AddressForm("ssh:ALIAS", "an alias from your SSH configuration"),
    ]

    /// The destination for the client: `user@host`, `host` or an alias.
    package let destination: String
    /// 1 to 65535; nil leaves it to the configuration.
    package let port: Int?

    package init(destination: String, port: Int? = nil) {
        self.destination = destination
        self.port = port
    }

    package static func parse(_ text: String) throws(AddressFault) -> SSHAddress? {
        if text.hasPrefix("ssh://") {
            let authority = try AddressSyntax.Authority(text, after: "ssh://")
            return SSHAddress(
                destination: authority.user.map { "\($0)@\(authority.host)" } ?? authority.host, port: authority.port)
        }
        if text.hasPrefix("ssh:") {
            return SSHAddress(destination: try AddressSyntax.name(text.dropFirst("ssh:".count)))
        }
        if let colon = text.firstIndex(of: ":"), !text.contains("@"), text[colon...].hasPrefix("://") {
            throw AddressFault("There is no connection type \(text[..<colon]).")
        }
        return SSHAddress(destination: try plainDestination(text))
    }

    /// Checks `user@host` as `ssh` itself accepts it, with neither a password nor a port.
    private static func plainDestination(_ text: String) throws(AddressFault) -> String {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        if parts.dropLast().contains(where: { $0.contains(":") }) { throw AddressSyntax.passwordInAddress }
        let host = parts.last ?? ""
        // More than one colon is an IPv6 address.
        if let colon = host.firstIndex(of: ":"), host.lastIndex(of: ":") == colon,
            host[host.index(after: colon)...].allSatisfy(\.isNumber)
        {
            throw AddressFault(
                colon == host.index(before: host.endIndex)
                    ? "There is nothing after the colon." : "With a port, write ssh://\(text).")
        }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host
        if bare.contains(":"), !AddressSyntax.isIPv6(bare) {
            throw AddressFault("Write the connection type and the host as in telnet://192.168.1.1.")
        }
        for part in parts { _ = try AddressSyntax.name(part) }
        return (parts.dropLast() + [bare]).joined(separator: "@")
    }

    package var user: String? { nil }
    package var isConsole: Bool { false }

    package func connector(_ context: ConnectionContext) throws -> any BoardConnector {
        try context.refuseLineRate("It is for a serial line on which U-Boot answers.")
        let mayAsk = context.interaction.mayAsk
        if context.password == nil, mayAsk { context.interaction.lendTerminal() }
        return try context.linux(
            SSHOpener(
                SSHOpener.Settings(
                    destination: destination, port: port, configFile: context.options.ssh.configFile,
                    options: context.options.ssh.options, password: context.password, isInteractive: mayAsk,
                    askpassProgram: OwnProgram.path ?? CommandLine.arguments.first ?? "flashkeep")),
            user: user)
    }
}
