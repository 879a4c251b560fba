/// An IPv4 address (RFC 791), as a number.
package struct IPv4Address: Sendable, Hashable, CustomStringConvertible {
    /// The first octet is the highest.
    package var value: UInt32

    package init(value: UInt32) {
        self.value = value
    }

    /// Parses four decimal octets; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let octet = UInt8(part)
            else { return nil }
            value = value << 8 | UInt32(octet)
        }
        self.value = value
    }

    /// 127.0.0.0/8 (RFC 1122 section 3.2.1.3).
    package var isLoopback: Bool { value >> 24 == 127 }

    package var description: String {
        [24, 16, 8, 0].map { String(UInt8(truncatingIfNeeded: value >> UInt32($0))) }.joined(separator: ".")
    }
}
