/// How long the reader of web pages waits, and how much it accepts. Every wait has an end.
package struct WebLimits: Sendable {
    /// For a connection, including TLS.
    package var connection: Duration = .seconds(15)
    /// How long a server may send next to nothing: fewer than ``leastBytes``. Boards read flash before they send it.
    package var stall: Duration = .seconds(30)
    /// The bytes that a server must send within ``stall``.
    package var leastBytes = 1_024
    /// For a page, a table or another short text as a whole.
    package var text: Duration = .seconds(60)
    /// The longest page, in bytes. A listing of twenty thousand files has about two mebibytes.
    package var textBytes = 4 << 20

    package init() {}
}

/// The user and the password for a board's web pages.
package struct WebCredentials: Sendable {
    /// nil if the address does not say.
    package var user: String?
    /// Asks for the password; nil if there is none and nobody can be asked.
    package var password: @Sendable () async throws -> String?

    package init(user: String? = nil, password: @escaping @Sendable () async throws -> String? = { nil }) {
        self.user = user
        self.password = password
    }
}

/// How to reach a board's web pages.
package struct WebSettings: Sendable {
    package var limits = WebLimits()
    package var credentials = WebCredentials()
    /// The public key that a TLS server must have, as `sha256//` and base64; nil for a valid certificate.
    package var serverKey: String?

    package init(
        limits: WebLimits = WebLimits(), credentials: WebCredentials = WebCredentials(), serverKey: String? = nil
    ) {
        self.limits = limits
        self.credentials = credentials
        self.serverKey = serverKey
    }
}
