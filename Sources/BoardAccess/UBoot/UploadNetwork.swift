package import BoardChannels
package import Transfers
package import UBootFlash

/// The network by which a board in U-Boot may send its flash, and fetch what is written, and how much of it the user has settled.
package struct UploadNetwork: Sendable {
    /// The only way that may be used; nil takes the best that works.
    package var via: UBootReadMethod?
    /// The board's address; nil works it out.
    package var board: IPv4Address?
    /// This computer's address that the board reaches; nil works it out.
    package var host: IPv4Address?
    /// This computer's part, for one connection: what it hears of the board is brought into the channel.
    package var computer: @Sendable (MergedChannel) -> any UBootNetworkHost

    package init(
        via: UBootReadMethod? = nil, board: IPv4Address? = nil, host: IPv4Address? = nil,
        computer: @escaping @Sendable (MergedChannel) -> any UBootNetworkHost
    ) {
        self.via = via
        self.board = board
        self.host = host
        self.computer = computer
    }
}
