package import FlashModel

/// The addresses that a board and this computer use for TFTP. Pure.
package struct BoardAddresses: Sendable, Hashable {
    package let board: IPv4Address
    package let host: IPv4Address
    /// The interface of this computer that reaches the board.
    package let interface: HostInterface
    /// Whether nobody has named the board's address: neither the user nor the board.
    package let isChosen: Bool

    /// Determines the addresses. The user's settings come first, then the board's own if they match an interface of
    /// this computer, then an apparently free address in the only network.
    ///
    /// - Parameters:
    ///   - wantedBoard: as the user gave it.
    ///   - wantedHost: as the user gave it.
    ///   - ownBoard: the board's own address, as its bootloader has it; 0.0.0.0 is none.
    ///   - ownServer: the server that the bootloader asks by itself.
    /// - Throws: `hostUnreachable` if no interface matches, with the command that gives it an address;
    ///   `addressNotUnderstood` if the user's settings do not match.
    package init(
        board wantedBoard: IPv4Address?, host wantedHost: IPv4Address?, ownBoard: IPv4Address?,
        ownServer: IPv4Address?, interfaces: [HostInterface]
    ) throws(FlashkeepError) {
        let interfaces = interfaces.filter { !$0.isLoopback }
        let ownBoard = ownBoard.flatMap { $0.value == 0 ? nil : $0 }
        interface = try Self.interface(interfaces, wantedBoard, wantedHost, ownBoard, ownServer)
        host = interface.address
        if let wantedBoard {
            board = wantedBoard
            isChosen = false
        } else if let ownBoard, interface.reaches(ownBoard), ownBoard != host {
            board = ownBoard
            isChosen = false
        } else {
            board = Self.neighbour(of: interface)
            isChosen = true
        }
        guard board != host, interface.reaches(board) else {
            throw FlashkeepError(
                .addressNotUnderstood, what: "The board cannot have the address \(board).",
                why: board == host
                    ? "It is this computer's own address."
                    : "It is not in the network \(host)/\(interface.prefixLength) of \(interface.name).",
                next: "Give another one with --board-ip, or this computer's with --host-ip.")
        }
    }

    private static func interface(
        _ interfaces: [HostInterface], _ wantedBoard: IPv4Address?, _ wantedHost: IPv4Address?,
        _ ownBoard: IPv4Address?, _ ownServer: IPv4Address?
    ) throws(FlashkeepError) -> HostInterface {
        if let wantedHost {
            if let found = interfaces.first(where: { $0.address == wantedHost }) { return found }
            throw FlashkeepError(
                .addressNotUnderstood, what: "This computer does not have the address \(wantedHost).",
                why: interfaces.isEmpty ? "It has no network." : "It has \(Self.list(interfaces)).",
                next: "Give one of its addresses with --host-ip, or add this one: sudo ip address add \(wantedHost)/24 "
                    + "dev DEVICE")
        }
        if let wantedBoard {
            if let found = interfaces.first(where: { $0.reaches(wantedBoard) }) { return found }
            throw unreachable(wantedBoard, interfaces)
        }
        if let ownServer, let found = interfaces.first(where: { $0.address == ownServer }),
            ownBoard.map(found.reaches) ?? true
        {
            return found
        }
        if let ownBoard {
            if let found = interfaces.first(where: { $0.reaches(ownBoard) }) { return found }
            throw unreachable(ownBoard, interfaces)
        }
        // The board has no address of its own: any will do if there is only one network.
        if interfaces.count == 1, let only = interfaces.first { return only }
        throw FlashkeepError(
            .hostUnreachable, what: "It is not clear which network reaches the board.",
            why: interfaces.isEmpty
                ? "This computer has no network."
                : "The board has no address, and this computer has \(list(interfaces)).",
            next: "Give the address of this computer that the board is connected to: --host-ip ADDRESS")
    }

    private static func list(_ interfaces: [HostInterface]) -> String {
        interfaces.map { "\($0.address)/\($0.prefixLength) (\(PrintableText.escaped($0.name, limit: 20)))" }
            .joined(separator: ", ")
    }

    private static func unreachable(_ board: IPv4Address, _ interfaces: [HostInterface]) -> FlashkeepError {
        let last = board.value & 0xFF
        let host = IPv4Address(value: board.value & 0xFFFF_FF00 | (last == 2 ? 3 : 2))
        return FlashkeepError(
            .hostUnreachable, what: "This computer is not in the network of the board, \(board).",
            why: interfaces.isEmpty ? "It has no network." : "It has \(list(interfaces)).",
            next: "Give the network interface that the board is connected to an address: sudo ip address add "
                + "\(host)/24 dev DEVICE")
    }

    /// An address in the same network that is seldom assigned: near the top, below the usual gateways.
    private static func neighbour(of interface: HostInterface) -> IPv4Address {
        let mask = interface.netmask.value
        let network = interface.address.value & mask
        for distance: UInt32 in [13, 12, 11, 2, 1] where ~mask > distance {
            let candidate = IPv4Address(value: network | (~mask - distance))
            if candidate != interface.address, interface.reaches(candidate) { return candidate }
        }
        return IPv4Address(value: interface.address.value ^ 1)
    }
}
