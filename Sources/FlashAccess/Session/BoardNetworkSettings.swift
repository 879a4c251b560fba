package import FlashModel
package import Transfers

/// This computer's side of the network with a board in its bootloader, and the user's settings for it.
package struct BoardNetworkSettings: Sendable {
    /// Serves and receives the files.
    package var server: any BoardUploadServer
    /// Fetches files from the board; nil if none is needed.
    package var client: (any BoardFileClient)?
    /// The board's address; nil determines it.
    package var board: IPv4Address?
    /// The address of this computer that the board reaches; nil determines it.
    package var host: IPv4Address?
    /// Unpredictable letters and digits, at least 8.
    package var nonce: @Sendable () -> String

    package init(
        server: any BoardUploadServer, client: (any BoardFileClient)? = nil, board: IPv4Address? = nil,
        host: IPv4Address? = nil,
        nonce: @escaping @Sendable () -> String
    ) {
        self.server = server
        self.client = client
        self.board = board
        self.host = host
        self.nonce = nonce
    }
}

extension FlashkeepError {
    /// Whether it means that the network between a board and this computer cannot currently be used.
    package var isUnusableNetwork: Bool { [.hostUnreachable, .addressNotUnderstood, .portUnavailable].contains(code) }
}
