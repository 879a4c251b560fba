package import BoardAccess
package import FlashAccess

extension TestWebServer {
    /// A connector to this server, as a user makes it with an address.
    ///
    /// - Parameter password: what the user types when asked; nil if nobody can be asked.
    package func connector(
        _ scheme: String = "http", path: String = "/mtd_backup/", password: String? = nil,
        _ change: (inout ConnectionOptions) -> Void = { _ in }
    ) throws -> any BoardConnector {
        var options = ConnectionOptions()
        change(&options)
        let isLuCI = scheme.hasPrefix("luci")
        let address = "\(scheme)://\(password == nil ? "" : "root@")127.0.0.1:\(port)\(isLuCI ? "" : path)"
        var interaction = UserInteraction()
        if let password { interaction.askPassword = { _ in password } }
        return try BoardConnection(
            address: address, options: options, environment: .simulated(), interaction: interaction
        ).connector
    }
}
