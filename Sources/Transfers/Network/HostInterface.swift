/// A network interface of this computer.
package struct HostInterface: Sendable, Hashable {
    package var name: String
    package var address: IPv4Address
    package var netmask: IPv4Address

    package init(name: String, address: IPv4Address, netmask: IPv4Address) {
        self.name = name
        self.address = address
        self.netmask = netmask
    }

    /// Whether an address is a host of its network: not the network itself and not the broadcast.
    package func reaches(_ other: IPv4Address) -> Bool {
        let host = other.value & ~netmask.value
        guard other.value & netmask.value == address.value & netmask.value else { return false }
        // A network of two (RFC 3021) has neither.
        return ~netmask.value <= 1 || (host != 0 && host != ~netmask.value)
    }

    /// Whether its address is one of this computer alone.
    package var isLoopback: Bool { address.isLoopback }

    /// The netmask as a number of bits.
    package var prefixLength: Int { netmask.value.nonzeroBitCount }
}
