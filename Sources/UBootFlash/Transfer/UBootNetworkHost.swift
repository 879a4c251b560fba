package import Transfers

/// What this computer does for a board that sends and fetches over the network. Ports are opened when they are first needed, and
/// closed with the connection to the board.
package protocol UBootNetworkHost: AnyObject, Sendable {
    /// This computer's interfaces, as they are now.
    func interfaces() throws -> [HostInterface]

    /// Answers TFTP at one of this computer's addresses from now on.
    ///
    /// - Throws: `portUnavailable`.
    func serve(at host: IPv4Address) async throws

    /// Awaits one upload of just so many bytes. Nothing else is taken.
    ///
    /// - Parameters:
    ///   - name: letters and digits, one that was not used before.
    ///   - board: the only address that may send it.
    func expect(_ name: String, count: Int, from board: IPv4Address)

    /// What came under a name, and forgets it; nil where not all of it has come.
    func collect(_ name: String) -> [UInt8]?

    /// Offers bytes, from memory.
    ///
    /// - Parameters:
    ///   - name: letters and digits, one that was not used before.
    ///   - board: the only address that may fetch them.
    func offer(_ name: String, _ bytes: [UInt8], to board: IPv4Address)

    /// Ends ``offer(_:_:to:)``.
    ///
    /// - Returns: whether all was fetched.
    @discardableResult
    func withdraw(_ name: String) -> Bool

    /// Takes what a board prints over the network for what its serial line says, from now on.
    ///
    /// - Returns: the UDP port that it must be sent to.
    /// - Throws: `portUnavailable`.
    func listen(at host: IPv4Address, to board: IPv4Address) async throws -> Int

    /// Ends ``listen(at:to:)``.
    func stopListening() async

    /// Closes all ports.
    func close() async
}

/// How the network may be used between a board in U-Boot and this computer.
package struct UBootNetworkSettings: Sendable {
    /// The only method that may be used; nil tries them in their order.
    package var via: UBootReadMethod?
    /// The board's address; nil works it out.
    package var board: IPv4Address?
    /// This computer's address that the board reaches; nil works it out.
    package var host: IPv4Address?
    /// What proved not to work, for all connections to the board.
    package var givenUp: GivenUpMethods
    /// Letters and digits that nobody can foresee, at least 8.
    package var nonce: @Sendable () -> String
    /// Told what a user should know, one line each.
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
