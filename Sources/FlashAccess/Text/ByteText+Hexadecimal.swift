extension ByteText {
    /// An address: one to sixteen hexadecimal digits, with or without `0x`. Addresses use all 64 bits: MIPS64 boards
    /// print `ffffffff80000000`.
    package var address: UInt64? {
        let digits = hasPrefix("0x") || hasPrefix("0X") ? bytes.dropFirst(2) : bytes
        guard (1...16).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            guard let digit = Self.hexadecimalValue(byte) else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return value
    }

    /// The value of a hexadecimal digit.
    package static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        case 0x41...0x46: byte - 0x41 + 10
        default: nil
        }
    }

    /// Whether it consists of exactly this many hexadecimal digits.
    package func isHexadecimal(digits: Int) -> Bool {
        bytes.count == digits && bytes.allSatisfy { Self.hexadecimalValue($0) != nil }
    }
}
