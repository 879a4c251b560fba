package import BoardChannels
package import FlashAccess
package import Transfers

/// This computer's port for a board that sends its flash over the network. It is opened when it is first needed, and
/// closed with the connection to the board.
package protocol LinuxNetworkHost: AnyObject, Sendable {
    /// This computer's current interfaces.
    func interfaces() throws -> [HostInterface]

    /// Listens at an address from now on.
    ///
    /// - Parameters:
    ///   - service: what listens.
    ///   - address: of this computer; 0.0.0.0 for all of them.
    /// - Returns: the port, 1...65535.
    /// - Throws: `portUnavailable`.
    func listen(_ service: LinuxStreamService, at address: IPv4Address) async throws -> Int

    /// Expects a stream at the port, in place of any that was expected before; nil if nothing listens.
    ///
    /// - Parameters:
    ///   - word: its first line, or the name of the upload.
    ///   - senders: the only addresses that may send it.
    func expect(_ word: String, from senders: Set<IPv4Address>) -> (any ExpectedStream)?

    /// Starts to fetch a file from a web server on the board.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` if the server does not answer, or does not give it.
    func fetch(_ url: String) async throws -> any FetchedFile

    /// Closes the port.
    func close() async
}

/// What listens for a board's stream.
package enum LinuxStreamService: Sendable, Hashable {
    /// A TCP port: the stream begins with a line that has the expected word.
    case tcp
    /// A TFTP server: the stream is an upload of that name.
    case tftp
    /// An FTP server, likewise.
    case ftp
}

/// A byte stream that a board delivers to this computer.
package protocol ExpectedStream: AnyObject, Sendable {
    /// Whether the board has connected and named the word.
    var isConnected: Bool { get }
    /// The addresses of the first connections that were refused meanwhile, for an explanation.
    var refused: [String] { get }
    /// Returns the next bytes, as ``BoardChannels/BoardChannel/read(timeout:)``; nothing comes before the board has
    /// connected.
    func read(timeout: Duration?) async throws -> ChannelRead
    /// Ends it; a board that has not connected yet is refused from now on.
    func close()
}

extension IncomingStream: ExpectedStream {}

/// A file that arrives from a web server.
package protocol FetchedFile: Sendable {
    /// Returns the next bytes, at least one; nil at the end.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `boardLost` if the server stops before the end, `noReplyInTime`.
    func next() async throws -> [UInt8]?
}

/// The user's settings for a network beside the console of a board's Linux.
package struct LinuxNetworkSettings: Sendable {
    /// The only method that may be used; nil tries all in their order.
    package var via: LinuxReadMethod?
    /// The address from which the board's connections come; nil determines it.
    package var board: IPv4Address?
    /// The address at which the board reaches this computer; nil determines it.
    package var host: IPv4Address?
    /// The folder of the board's web server, absolute; nil finds it.
    package var webRoot: String?
    /// The address of that folder for this computer; nil determines it.
    package var webURL: String?
    /// The methods that proved not to work, for all connections to the board.
    package var givenUp: GivenUp<LinuxReadMethod>
    /// Unpredictable letters and digits, at least 8.
    package var nonce: @Sendable () -> String
    /// Called with messages for the user, one line each.
    package var notify: @Sendable (String) -> Void

    package init(
        via: LinuxReadMethod? = nil, board: IPv4Address? = nil, host: IPv4Address? = nil,
        webRoot: String? = nil, webURL: String? = nil, givenUp: GivenUp<LinuxReadMethod> = GivenUp<LinuxReadMethod>(),
        nonce: @escaping @Sendable () -> String,
        notify: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.via = via
        self.board = board
        self.host = host
        self.webRoot = webRoot
        self.webURL = webURL
        self.givenUp = givenUp
        self.nonce = nonce
        self.notify = notify
    }
}
