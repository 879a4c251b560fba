package import FlashAccess
package import Transfers

/// This computer's services for a board that sends and fetches over the network. Ports are opened when they are first
/// needed, and closed with the connection to the board.
package protocol UBootNetworkHost: BoardUploadServer {
    /// Treats a board's output over the network as that of its serial line, from now on.
    ///
    /// - Returns: the UDP port that the board must send to.
    /// - Throws: `portUnavailable`.
    func listen(at host: IPv4Address, to board: IPv4Address) async throws -> Int

    /// Ends ``listen(at:to:)``.
    func stopListening() async
}

/// The user's settings for the network between a board in U-Boot and this computer.
package struct UBootNetworkSettings: Sendable {
    /// The only method that may be used; nil tries all in their order.
    package var via: UBootReadMethod?
    /// The board's address; nil determines it.
    package var board: IPv4Address?
    /// The address of this computer that the board reaches; nil determines it.
    package var host: IPv4Address?
    /// The methods that proved not to work, for all connections to the board.
    package var givenUp: GivenUpMethods
    /// Unpredictable letters and digits, at least 8.
    package var nonce: @Sendable () -> String
    /// Called with messages for the user, one line each.
    package var notify: @Sendable (String) -> Void

    package init(
        via: UBootReadMethod? = nil, board: IPv4Address? = nil, host: IPv4Address? = nil,
        givenUp: GivenUpMethods = GivenUpMethods(), nonce: @escaping @Sendable () -> String,
        notify: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.via = via
        self.board = board
        self.host = host
        self.givenUp = givenUp
        self.nonce = nonce
        self.notify = notify
    }
}
