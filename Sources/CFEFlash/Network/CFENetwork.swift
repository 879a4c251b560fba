import FlashAccess
import FlashModel
import LoaderConsoles
import Transfers

/// The network of a board in CFE. `ifconfig` with addresses changes them until the next reset (`ui/ui_netcmds.c`,
/// ui_cmd_ifconfig); its variables for them are not stored either.
final class CFENetwork {
    private let session: LoaderSession
    /// As `show devices` names it.
    private let device: String
    private let settings: BoardNetworkSettings
    private let transfers: LoaderTransfers
    private let commands = CFECommands()
    private var found: BoardAddressing?

    /// `ifconfig` shows what CFE of BCM47xx prints when it starts.
    private static let shown = "Device eth"

    init(
        _ session: LoaderSession, device: String, _ settings: BoardNetworkSettings, _ transfers: LoaderTransfers
    ) {
        self.session = session
        self.device = device
        self.settings = settings
        self.transfers = transfers
    }

    /// - Throws: ``FlashAccess/BoardInterruption``, and errors of the line.
    func addressing() async throws -> BoardAddressing {
        if let found { return found }
        let reply = try await session.agreed(on: commands.interface(), harmless: Self.shown) { CFEInterface($0) != nil }
        let own = reply.flatMap(CFEInterface.init)
        let device = own?.device ?? device
        let addressing = BoardAddressing(
            session, settings, ownBoard: own?.address, notify: transfers.note
        ) { [self] addresses in
            try await give(addresses, to: device)
        }
        found = addressing
        return addressing
    }

    private func give(_ addresses: BoardAddresses, to device: String) async throws {
        guard try await !has(addresses.board, device) else { return }
        let command = try commands.setAddress(
            addresses.board, mask: addresses.interface.netmask, of: device)
        session.examples.note(command)
        // The link comes up.
        _ = try await session.say(command, silence: .seconds(20), pause: .seconds(5), harmless: Self.shown)
        guard try await has(addresses.board, device) else {
            throw FlashkeepError.addressNotTaken(addresses.board, why: "It was set with ifconfig.")
        }
    }

    /// Whether the board has an address.
    private func has(_ address: IPv4Address, _ device: String) async throws -> Bool {
        let reply = try await session.agreed(on: commands.interface(), harmless: Self.shown) { CFEInterface($0) != nil }
        return reply.flatMap(CFEInterface.init).map { $0.device == device && $0.address == address } == true
    }
}
