private import NIOCore

/// The network configuration of this computer.
package enum HostNetwork {
    /// The IPv4 address of an interface, as text.
    package struct Address: Sendable, Hashable {
        package var interface: String
        package var address: String
        package var netmask: String
    }

    /// The IPv4 interfaces of this computer.
    ///
    /// - Throws: the system's error.
    package static func interfaces() throws -> [HostInterface] {
        try addresses().compactMap { found in
            guard let address = IPv4Address(found.address), let netmask = IPv4Address(found.netmask) else { return nil }
            return HostInterface(name: found.interface, address: address, netmask: netmask)
        }
    }

    /// The IPv4 addresses of all interfaces (getifaddrs(3)).
    ///
    /// - Throws: the system's error.
    package static func addresses() throws -> [Address] {
        try System.enumerateDevices().compactMap { device in
            guard case .v4 = device.address, let address = device.address?.ipAddress,
                let netmask = device.netmask?.ipAddress
            else { return nil }
            return Address(interface: device.name, address: address, netmask: netmask)
        }
    }
}
