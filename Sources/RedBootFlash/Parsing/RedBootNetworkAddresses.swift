package import FlashAccess
package import Transfers

/// The reply to `ip_address`: `IP: 10.0.0.2/255.255.255.0, Gateway: 0.0.0.0`, then
/// `Default server: 10.0.0.1, DNS server IP: 0.0.0.0`; in 2003 all in one line, without a mask
/// (`redboot/current/src/net/net_io.c`, show_addrs).
package struct RedBootNetworkAddresses: Sendable, Hashable {
    /// The board's address; 0.0.0.0 is none.
    package let board: IPv4Address
    /// nil if it is not printed.
    package let server: IPv4Address?
    /// Whether it prints a network mask, and therefore takes one.
    package let hasMask: Bool

    /// nil if the reply has no address of the board.
    package init?(_ reply: ConsoleReply) {
        var board: (address: IPv4Address, hasMask: Bool)?
        var server: IPv4Address?
        for line in reply.lines.map(\.trimmed) {
            for part in line.split(0x2C, most: 8).map(\.trimmed) {
                if board == nil, let text = part.dropping("IP:")?.trimmed {
                    let address = (text.before("/") ?? text).string(limit: 40)
                    board = IPv4Address(address).map { ($0, text.contains("/")) }
                } else if let text = part.dropping("Default server:")?.trimmed {
                    server = IPv4Address(text.string(limit: 40))
                }
            }
        }
        guard let board else { return nil }
        self.board = board.address
        hasMask = board.hasMask
        self.server = server
    }
}
