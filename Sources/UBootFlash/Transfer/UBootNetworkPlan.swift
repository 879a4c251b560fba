import FlashAccess
package import FlashModel
package import Transfers

/// The addresses that a U-Boot and this computer use for TFTP, and the variables to set for it in the board's RAM.
/// Pure.
package struct UBootNetworkPlan: Sendable, Hashable {
    package var board: IPv4Address
    package var host: IPv4Address
    /// The variables whose values must change, in RAM only. An empty value deletes.
    package var variables: [String: String]
    /// All variables to set after a reset, when the board's values are unknown, including those that already had their
    /// value.
    package var allVariables: [String: String]

    /// Determines the addresses. The user's settings come first, then the board's own if they match an interface of
    /// this computer, then an apparently free address in the only network.
    ///
    /// - Parameters:
    ///   - variables: U-Boot's current ones.
    ///   - hardwareAddress: a locally administered one, for boards that have none.
    /// - Throws: `hostUnreachable` if no interface matches, with the command that gives it an address;
    ///   `addressNotUnderstood` if the user's settings do not match.
    package init(
        variables: [String: String], interfaces: [HostInterface], board wantedBoard: IPv4Address? = nil,
        host wantedHost: IPv4Address? = nil, hardwareAddress: String
    ) throws(FlashkeepError) {
        let addresses = try BoardAddresses(
            board: wantedBoard, host: wantedHost,
            ownBoard: variables["ipaddr"].flatMap(IPv4Address.init),
            ownServer: variables["serverip"].flatMap(IPv4Address.init), interfaces: interfaces)
        let interface = addresses.interface
        board = addresses.board
        host = addresses.host
        var changes: [String: String] = [:]
        for (name, value) in [
            ("ipaddr", "\(board)"), ("serverip", "\(host)"), ("netmask", "\(interface.netmask)"),
        ] where variables[name] != value {
            changes[name] = value
        }
        // A gateway in another network makes some versions send everything there.
        if let gateway = variables["gatewayip"].flatMap(IPv4Address.init), !interface.reaches(gateway) {
            changes["gatewayip"] = ""
        }
        if !Self.isHardwareAddress(variables["ethaddr"] ?? "") { changes["ethaddr"] = hardwareAddress }
        self.variables = changes
        allVariables = [
            "ipaddr": "\(board)", "serverip": "\(host)", "netmask": "\(interface.netmask)",
            "ethaddr": variables["ethaddr"] ?? hardwareAddress,
        ].merging(changes) { $1 }
    }

    /// A hardware address for a board that has none: locally administered, unicast (IEEE 802, section 8.2).
    ///
    /// - Parameter nonce: makes it unique, by its last 5 characters.
    package static func hardwareAddress(_ nonce: String) -> String {
        let digits = Array(Hexadecimal.text(nonce.utf8.suffix(5).map { $0 }))
        let octets = stride(from: 0, to: digits.count - 1, by: 2).map { String(digits[$0...($0 + 1)]) }
        return (["02"] + octets).joined(separator: ":")
    }

    /// Whether it has six octets, is not zero, and is not a multicast address.
    private static func isHardwareAddress(_ text: String) -> Bool {
        let octets = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt8($0, radix: 16) }
        guard octets.count == 6, let first = octets[0], first & 1 == 0 else { return false }
        return octets.allSatisfy { $0 != nil } && octets.contains { $0 != 0 }
    }
}
