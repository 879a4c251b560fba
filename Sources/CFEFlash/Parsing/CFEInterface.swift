package import FlashAccess
package import Transfers

/// The network of a board in CFE, as `ifconfig` shows it (`ui/ui_netcmds.c`, ui_showifconfig):
///
///     Device eth0:  hwaddr 00-0D-A0-00-00-01, ipaddr 192.168.1.1, mask 255.255.255.0
///             gateway not set, nameserver not set
package struct CFEInterface: Sendable, Hashable {
    /// `eth0`; nil if none has been activated.
    package let device: String?
    /// nil if it has none.
    package let address: IPv4Address?

    /// nil if the reply is none of its forms.
    package init?(_ reply: ConsoleReply) {
        for line in reply.lines.map(\.trimmed) {
            if line.hasPrefix("Network interface has not been configured") {
                (device, address) = (nil, nil)
                return
            }
            guard let name = line.dropping("Device ")?.before(":"), CFECommands.isInterface(name.string(limit: 20)),
                line.contains("ipaddr ")
            else { continue }
            device = name.string(limit: 20)
            address = line.after("ipaddr ").flatMap { text in
                IPv4Address((text.before(",") ?? text).trimmed.string(limit: 20))
            }
            return
        }
        return nil
    }
}
