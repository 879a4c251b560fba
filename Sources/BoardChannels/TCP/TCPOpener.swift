/// Opens a raw TCP connection: to a serial line behind ser2net, a terminal server or an emulator, or to the board itself.
package struct TCPOpener: ChannelOpening {
    package let traits: ChannelTraits
    private let host: String
    private let port: Int
    private let connectTimeout: Duration

    package init(host: String, port: Int, connectTimeout: Duration = .seconds(20)) {
        self.host = host
        self.port = port
        self.connectTimeout = connectTimeout
        // Behind the port is a serial line: slow, and not protected by TCP's checksums.
        traits = ChannelTraits(
            scheme: "tcp", address: "tcp://\(host):\(port)", mayHaveTerminal: true, isReliable: false, isSlow: true)
    }

    /// An opener of a connection that ends at the board, as its network carries it.
    ///
    /// - Parameter scheme: names the protocol in addresses.
    package init(toBoard host: String, port: Int, scheme: String, connectTimeout: Duration) {
        self.host = host
        self.port = port
        self.connectTimeout = connectTimeout
        traits = ChannelTraits(
            scheme: scheme, address: "\(scheme)://\(host):\(port)", mayHaveTerminal: false, isReliable: true,
            isSlow: false, endsAtBoard: true)
    }

    package func withChannel<Result: Sendable>(
        _ body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        try await TCPConnection.with(
            host: host, port: port, connectTimeout: connectTimeout, traits: traits, body: body)
    }
}

/// A connection that distinguishes errors in establishing it from errors in using it.
enum TCPConnection {
    static func with<Result: Sendable>(
        host: String, port: Int, connectTimeout: Duration, traits: ChannelTraits,
        body: (any BoardChannel) async throws -> Result
    ) async throws -> Result {
        var isOpen = false
        do {
            return try await StreamChannel.connecting(
                host: host, port: port, timeout: connectTimeout, traits: traits
            ) { channel in
                isOpen = true
                return try await body(channel)
            }
        } catch  where !isOpen && !(error is CancellationError) {
            throw SystemErrorText.connecting(to: traits.address, host: host, port: port, error)
        }
    }
}
