package import Transfers

/// The addresses that a board in its bootloader and this computer use for transfers. The board has its own in RAM only,
/// and gets it again after a restart.
package final class BoardAddressing {
    package let settings: BoardNetworkSettings

    private let session: any BootCounting
    private let ownBoard: IPv4Address?
    private let ownServer: IPv4Address?
    private let give: (BoardAddresses) async throws -> Void
    private var addresses: BoardAddresses?
    /// The start of the board since which it has its addresses.
    private var bootWithAddresses: Int?
    private var names: TransferNames

    /// - Parameters:
    ///   - ownBoard: the board's own address, as the bootloader reports it; 0.0.0.0 is none.
    ///   - ownServer: the server that the bootloader asks by itself.
    ///   - give: sets the addresses in the board's RAM, once after each start.
    package init(
        _ session: any BootCounting, _ settings: BoardNetworkSettings, ownBoard: IPv4Address?,
        ownServer: IPv4Address? = nil, give: @escaping (BoardAddresses) async throws -> Void
    ) {
        self.session = session
        self.settings = settings
        self.ownBoard = ownBoard
        self.ownServer = ownServer
        self.give = give
        names = TransferNames(nonce: settings.nonce())
    }

    /// Makes sure that the board has its addresses.
    ///
    /// - Throws: `hostUnreachable`, `addressNotUnderstood`; errors of `give`.
    package func prepare() async throws -> BoardAddresses {
        let addresses = try known()
        try await setOnce(addresses)
        return addresses
    }

    /// Makes sure that the board has its addresses, and that this computer serves TFTP at its own.
    ///
    /// - Throws: `hostUnreachable`, `addressNotUnderstood`, `portUnavailable`; errors of `give`.
    package func serve() async throws -> BoardAddresses {
        let addresses = try known()
        try await settings.server.serve(at: addresses.host)
        try await setOnce(addresses)
        return addresses
    }

    private func known() throws -> BoardAddresses {
        let addresses =
            try addresses
            ?? BoardAddresses(
                board: settings.board, host: settings.host, ownBoard: ownBoard, ownServer: ownServer,
                interfaces: try settings.server.interfaces())
        self.addresses = addresses
        return addresses
    }

    private func setOnce(_ addresses: BoardAddresses) async throws {
        guard bootWithAddresses != session.boot else { return }
        try await give(addresses)
        bootWithAddresses = session.boot
    }

    /// A file name that has not been used before.
    package func newName() -> String { names.next() }
}
