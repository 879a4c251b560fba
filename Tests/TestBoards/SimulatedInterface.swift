import FlashModel
import Transfers

extension HostInterface {
    /// The only network of a computer beside a simulated board; none if the address is not one.
    static func simulated(_ address: String) -> [HostInterface] {
        guard let address = IPv4Address(address), let netmask = IPv4Address("255.255.255.0") else { return [] }
        return [HostInterface(name: "eth0", address: address, netmask: netmask)]
    }
}

extension FlashkeepError {
    /// The error of a computer on which another program has the port.
    static var simulatedPort: FlashkeepError {
        FlashkeepError(
            .portUnavailable, what: "The TFTP server cannot listen on UDP port 69.", why: "Made so.", next: "Go on.")
    }
}
