package import Transfers

/// The question and the answer by which AVM's loaders are found (UDP port 5035, broadcast; YourFritz
/// `eva_tools/Discovery.cs`, OpenWrt `scripts/flashing/adam2flash.pl`). Pure.
///
/// 16 bytes: `00 00 12 01`, or `00 00 16 02` for ADAM2; a little-endian 1 in the question and 2 in the answer; an address;
/// zero. The question may carry an address, which the loader then takes until the next start. This one has none, so nothing
/// is set. The order of the answer's address differs between tools, so what counts is the address from which the answer
/// comes.
package enum EVADiscovery {
    /// The UDP port of both sides.
    package static let port = 5035

    /// The questions: one for EVA, and one for ADAM2.
    package static let questions: [[UInt8]] = versions.map { version in
        [0, 0] + version + [1, 0, 0, 0] + [UInt8](repeating: 0, count: 8)
    }

    private static let versions: [[UInt8]] = [[0x12, 0x01], [0x16, 0x02]]

    /// Whether a datagram is a loader's answer from its own address.
    package static func isAnswer(_ bytes: [UInt8], from sender: IPv4Address) -> Bool {
        guard bytes.count >= 16, bytes[0] == 0, bytes[1] == 0, Array(bytes[4..<8]) == [2, 0, 0, 0] else { return false }
        let octets = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sender.value >> UInt32($0)) }
        let told = Array(bytes[8..<12])
        return told == octets || told == octets.reversed()
    }
}

/// Looks for AVM's loaders.
package protocol EVAFinding: Sendable {
    /// Asks once in each network of this computer, and waits briefly for answers.
    ///
    /// - Returns: the address of the first loader that answers; nil if none does.
    /// - Throws: `portUnavailable`.
    func find() async throws -> IPv4Address?

    /// Whether this computer has a network that reaches an address.
    func reaches(_ address: IPv4Address) throws -> Bool
}
