package import BoardChannels
package import FlashAccess
package import Transfers
package import UBootFlash

/// The network over which a board in U-Boot sends and fetches bytes, with the user's choices.
package struct BoardNetwork: Sendable {
    /// The only transfer method allowed; nil means the best that works.
    package var via: UBootReadMethod?
    /// The board's address; nil means automatic.
    package var board: IPv4Address?
    /// The address at which the board reaches this computer; nil means automatic.
    package var host: IPv4Address?
    /// Makes this computer's services for one connection; what the board prints over the network goes to the channel.
    package var computer: @Sendable (MergedChannel) -> any UBootNetworkHost
    /// This computer's side of boards that have the TFTP server themselves.
    package var client: any BoardFileClient

    package init(
        via: UBootReadMethod? = nil, board: IPv4Address? = nil, host: IPv4Address? = nil,
        client: any BoardFileClient = LocalFileClient(),
        computer: @escaping @Sendable (MergedChannel) -> any UBootNetworkHost
    ) {
        self.via = via
        self.board = board
        self.host = host
        self.client = client
        self.computer = computer
    }
}
