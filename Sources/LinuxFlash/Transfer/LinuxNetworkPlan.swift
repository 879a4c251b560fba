package import BoardChannels
package import Transfers

/// The addresses over which a board may reach this computer. Pure.
package struct LinuxNetworkPlan: Sendable, Hashable {
    /// The address to which the board connects.
    package var host: IPv4Address
    /// Where this computer listens; 0.0.0.0 for all of its addresses.
    package var listensAt: IPv4Address
    /// The addresses from which the board's connections come.
    package var senders: Set<IPv4Address>

    package init(host: IPv4Address, listensAt: IPv4Address, senders: Set<IPv4Address>) {
        self.host = host
        self.listensAt = listensAt
        self.senders = senders
    }

    private static let anywhere = IPv4Address(value: 0)

    /// The possible plans, best first; none if nothing is known that could work.
    ///
    /// - Parameters:
    ///   - host: the user's choice, which need not be an address of this computer: behind address translation, or in
    ///     front of an emulator, the board reaches it by another.
    ///   - board: the user's choice.
    ///   - console: the ends of the console's own connection; nil if it is not a network connection.
    ///   - boardAddresses: those that the board has.
    ///   - interfaces: of this computer.
    package static func candidates(
        host: IPv4Address?, board: IPv4Address?, console: NetworkEnds?, boardAddresses: [IPv4Address],
        interfaces: [HostInterface]
    ) -> [LinuxNetworkPlan] {
        let local = console.flatMap { IPv4Address($0.local) }
        let peer = console.flatMap { IPv4Address($0.peer) }
        let own = boardAddresses.filter { !$0.isLoopback }
        if let host {
            let senders = board.map { [$0] } ?? peer.map { [$0] } ?? own
            guard !senders.isEmpty else { return [] }
            let isOurs = interfaces.contains { $0.address == host }
            return [
                LinuxNetworkPlan(host: host, listensAt: isOurs ? host : anywhere, senders: Set(senders))
            ]
        }
        var plans: [LinuxNetworkPlan] = []
        // The board answers to this address already. A forwarded port of this computer says nothing of the board.
        if let local, let peer, !local.isLoopback {
            plans.append(LinuxNetworkPlan(host: local, listensAt: local, senders: [board ?? peer]))
        }
        for interface in interfaces where !interface.isLoopback && interface.address != local {
            let senders = own.filter { interface.reaches($0) && $0 != interface.address }
            guard !senders.isEmpty else { continue }
            plans.append(
                LinuxNetworkPlan(
                    host: interface.address, listensAt: interface.address,
                    senders: board.map { [$0] } ?? Set(senders)))
        }
        return plans
    }

    /// The command that prints a board's addresses. It leaves out the counters of `ifconfig`, which differ each time: on
    /// an unreliable line, a reply is believed only if a second one is the same.
    package static func addressCommand(_ toolbox: LinuxToolbox) -> String {
        "{ \(toolbox.invocation("ip")) -4 addr||\(toolbox.invocation("ifconfig"));}|"
            + "while read -r a b;do [ \"$a\" = inet ]&&echo \"$a $b\";done"
    }

    /// The addresses in the output of `ip addr` (`inet 192.168.1.1/24`) or `ifconfig` (`inet addr:192.168.1.1`).
    package static func addresses(in text: String) -> [IPv4Address] {
        var found: [IPv4Address] = []
        for line in text.split(whereSeparator: \.isNewline).prefix(1_000) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "/" })
            guard words.first == "inet", words.count > 1 else { continue }
            let word = words[1].hasPrefix("addr:") ? words[1].dropFirst(5) : words[1]
            if let address = IPv4Address(String(word)), address.value != 0, !found.contains(address) {
                found.append(address)
            }
        }
        return found
    }
}
