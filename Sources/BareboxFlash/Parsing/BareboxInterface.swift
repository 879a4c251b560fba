package import FlashAccess
package import Transfers

/// The name of a network interface in barebox: `eth0` (`net/eth.c`, eth_register).
package struct BareboxInterfaceName: Sendable, Hashable {
    package let text: String

    /// nil if it is anything else.
    package init?(_ text: ByteText) {
        guard let number = text.dropping("eth"), (1...3).contains(number.bytes.count), number.decimal != nil else {
            return nil
        }
        self.text = text.string()
    }
}

/// A network interface, as `devinfo eth0` shows its parameters (`net/eth.c`, eth_register):
///
///     Parameters:
///       ipaddr: 192.168.1.10 (type: ipv4)
///       netmask: 255.255.255.0 (type: ipv4)
///       serverip: 192.168.1.2 (type: string)
package struct BareboxInterface: Sendable, Hashable {
    /// 0.0.0.0 if it has none.
    package let address: IPv4Address
    /// nil if it was not understood.
    package let netmask: IPv4Address?
    /// nil if it has none, or a name.
    package let server: IPv4Address?

    /// nil if the reply is not about an interface.
    package init?(_ reply: ConsoleReply) {
        guard BareboxFlashDevice.isWhole(reply) else { return nil }
        var values: [String: String] = [:]
        for line in reply.lines where line.hasPrefix("  ") {
            guard let name = line.trimmed.before(": "), let value = line.trimmed.after(": ") else { continue }
            values[name.string(limit: 40)] = (value.before(" (type: ") ?? value).trimmed.string(limit: 60)
        }
        guard let address = values["ipaddr"].flatMap(IPv4Address.init), let mask = values["netmask"] else { return nil }
        self.address = address
        netmask = IPv4Address(mask)
        server = values["serverip"].flatMap(IPv4Address.init)
    }
}
