import FlashAccess
import FlashModel
import LoaderConsoles
import Transfers

/// The network of a board in barebox. Its addresses are parameters of the interface, in RAM only: `saveenv` and `nv` are
/// what would keep them, and are never sent.
final class BareboxNetwork {
    private let session: LoaderSession
    private let interfaces: [BareboxInterfaceName]
    private let settings: BoardNetworkSettings
    private let transfers: LoaderTransfers
    private let commands = BareboxCommands()
    private var found: BoardAddressing?

    init(
        _ session: LoaderSession, _ interfaces: [BareboxInterfaceName], _ settings: BoardNetworkSettings,
        _ transfers: LoaderTransfers
    ) {
        self.session = session
        self.interfaces = interfaces
        self.settings = settings
        self.transfers = transfers
    }

    /// The addresses of the first interface that has one, or of the first one.
    ///
    /// - Throws: `hostUnreachable` if none was understood; ``FlashAccess/BoardInterruption``, and errors of the line.
    func addressing() async throws -> BoardAddressing {
        if let found { return found }
        var states: [(name: BareboxInterfaceName, interface: BareboxInterface)] = []
        for name in interfaces.prefix(4) {
            let reply = try await session.agreed(on: commands.parameters(of: name)) { BareboxInterface($0) != nil }
            if let interface = reply.flatMap(BareboxInterface.init) { states.append((name, interface)) }
        }
        guard let chosen = states.first(where: { $0.interface.address.value != 0 }) ?? states.first else {
            throw FlashkeepError(
                .hostUnreachable, what: "barebox has no network interface that Flashkeep understands.",
                why: "devinfo shows no address of \(interfaces.map(\.text).joined(separator: ", ")).",
                next: "Omit --via, so that flash is read over the console.")
        }
        let addressing = BoardAddressing(
            session, settings, ownBoard: chosen.interface.address, ownServer: chosen.interface.server,
            notify: transfers.note
        ) { [self] addresses in
            try await give(addresses, to: chosen.name)
        }
        found = addressing
        return addressing
    }

    /// Brings the interface up, and sets its addresses. `static` keeps `ifup` from asking a DHCP server.
    ///
    /// All of them are read back: `tftp` asks the host that `serverip` names, and a damaged line may have changed any.
    private func give(_ addresses: BoardAddresses, to name: BareboxInterfaceName) async throws {
        for command in commands.bringUp(name, addresses) {
            // A PHY negotiates for some seconds.
            _ = try await session.say(command, silence: .seconds(20))
            session.examples.note(command)
        }
        let reply = try await session.agreed(on: commands.parameters(of: name)) { BareboxInterface($0) != nil }
        guard let interface = reply.flatMap(BareboxInterface.init), interface.address == addresses.board else {
            throw FlashkeepError.addressNotTaken(addresses.board, why: "\(name.text).ipaddr was set to it.")
        }
        guard interface.netmask == addresses.interface.netmask, interface.server == addresses.host else {
            throw FlashkeepError.addressNotTaken(
                addresses.board,
                why: "Its netmask is not \(addresses.interface.netmask), or its server is not \(addresses.host).")
        }
    }
}
