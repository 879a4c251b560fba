private import NIOCore

/// The network configuration of this computer.
package enum HostNetwork {
    /// The IPv4 interfaces of this computer (getifaddrs(3)).
    ///
    /// - Throws: the system's error.
    package static func interfaces() throws -> [HostInterface] {
        try System.enumerateDevices().compactMap { device in
            guard case .v4 = device.address, let address = device.address?.ipAddress.flatMap(IPv4Address.init),
                let netmask = device.netmask?.ipAddress.flatMap(IPv4Address.init)
            else { return nil }
            return HostInterface(name: device.name, address: address, netmask: netmask)
        }
    }
}
