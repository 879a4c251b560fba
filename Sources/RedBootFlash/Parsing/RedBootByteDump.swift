package import FlashAccess

/// Memory as printed by `dump -1`: lines of at most 16 bytes, by their addresses (eCos `infra/current/src/diag.cxx`,
/// diag_vdump_buf_with_offset).
///
/// `BE100000: 46 6C … 65  70 20 … 69  |Flashkeep test i|`: the characters repeat the bytes as far as they are printable,
/// so most damage is found in the line itself.
package struct RedBootByteDump: Sendable, Hashable {
    /// The bytes, at most 16 per line, by address.
    package private(set) var lines: [UInt64: [UInt8]] = [:]

    package init(_ reply: ConsoleReply) {
        var contradicted: Set<UInt64> = []
        for line in reply.lines {
            guard let (address, bytes) = Self.line(line) else { continue }
            if contradicted.contains(address) || lines[address].map({ $0 != bytes }) == true {
                contradicted.insert(address)
                lines[address] = nil
            } else {
                lines[address] = bytes
            }
        }
    }

    /// The length of a complete line in characters: address, 16 bytes in two groups, and the characters.
    private static let length = 78
    /// The position of the first of the characters.
    private static let textStart = 61

    private static func line(_ line: ByteText) -> (UInt64, [UInt8])? {
        let text = Array(line.bytes)
        guard text.count == length, text[8] == 0x3A, text[9] == 0x20, text[textStart - 1] == 0x7C,
            text[length - 1] == 0x7C, let address = ByteText(text[..<8]).address,
            !text[..<8].contains(where: { (0x61...0x66).contains($0) })
        else { return nil }
        var bytes: [UInt8] = []
        var hasEnded = false
        for index in 0..<16 {
            let place = 10 + index * 3 + (index < 8 ? 0 : 1)
            let shown = text[textStart + index]
            if text[place] == 0x20, text[place + 1] == 0x20, text[place + 2] == 0x20, shown == 0x20 {
                hasEnded = true
                continue
            }
            guard !hasEnded, text[place + 2] == 0x20, let high = digit(text[place]), let low = digit(text[place + 1])
            else { return nil }
            let byte = high << 4 | low
            guard shown == ((0x20...0x7E).contains(byte) ? byte : 0x2E) else { return nil }
            bytes.append(byte)
        }
        guard !bytes.isEmpty, text[34] == 0x20, text[59] == 0x20 else { return nil }
        return (address, bytes)
    }

    /// Digits are in capitals, so a small letter is a flipped bit.
    private static func digit(_ byte: UInt8) -> UInt8? {
        (0x61...0x66).contains(byte) ? nil : ByteText.hexadecimalValue(byte)
    }
}
