package import FlashModel
package import Transfers

/// The addresses that a board in its bootloader and this computer use for transfers. The board has its own in RAM only,
/// and gets it again after a restart.
package final class BoardAddressing {
    package let settings: BoardNetworkSettings

    private let session: any BootCounting
    private let ownBoard: IPv4Address?
    private let ownServer: IPv4Address?
    private let notify: (String) -> Void
    private let give: (BoardAddresses) async throws -> Void
    private var addresses: BoardAddresses?
    /// The start of the board since which it has its addresses.
    private var bootWithAddresses: Int?
    private var names: TransferNames

    /// - Parameters:
    ///   - ownBoard: the board's own address, as the bootloader reports it; 0.0.0.0 is none.
    ///   - ownServer: the server that the bootloader asks by itself.
    ///   - notify: called with a message for the user before the board gets an address that nobody has named.
    ///   - give: sets the addresses in the board's RAM, once after each start.
    package init(
        _ session: any BootCounting, _ settings: BoardNetworkSettings, ownBoard: IPv4Address?,
        ownServer: IPv4Address? = nil, notify: @escaping (String) -> Void = { _ in },
        give: @escaping (BoardAddresses) async throws -> Void
    ) {
        self.session = session
        self.settings = settings
        self.ownBoard = ownBoard
        self.ownServer = ownServer
        self.notify = notify
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
        if let addresses { return addresses }
        try names.check()
        let addresses = try BoardAddresses(
            board: settings.board, host: settings.host, ownBoard: ownBoard, ownServer: ownServer,
            interfaces: try settings.server.interfaces())
        if addresses.isChosen {
            notify(
                "neither you nor the board names its address: until its next start it gets \(addresses.board), which should be "
                    + "free, and reaches this computer at \(addresses.host); --board-ip gives it another one")
        }
        self.addresses = addresses
        return addresses
    }

    private func setOnce(_ addresses: BoardAddresses) async throws {
        guard bootWithAddresses != session.boot else { return }
        try await give(addresses)
        bootWithAddresses = session.boot
    }

    /// A file name that has not been used before.
    package func newFile() -> TransferName { names.next() }

    /// The text of ``newFile()``.
    package func newName() -> String { newFile().text }
}

extension FlashkeepError {
    /// A board does not have an address that it was given, or other settings of its network.
    ///
    /// - Parameter why: how it was given it; a sentence.
    package static func addressNotTaken(_ address: IPv4Address, why: String) -> FlashkeepError {
        FlashkeepError(
            .hostUnreachable, what: "The board did not take the address \(address).", why: why,
            next: "Give another one with --board-ip.")
    }
}
