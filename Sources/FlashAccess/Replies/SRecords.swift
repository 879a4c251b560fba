/// Memory as printed in Motorola S-records of at most 16 bytes, by their addresses (U-Boot's `cmd/load.c`, save_serial;
/// RedBoot's `dump -s`).
///
/// `S315BE050000…CC`: S3, then in hexadecimal the number of bytes that follow, a four-byte address, the bytes, and the
/// ones' complement of the sum of everything before it except the type. A record with one wrong digit is always
/// rejected. S0, S7 and everything else are ignored.
package struct SRecords: Sendable, Hashable {
    /// The bytes, at most 16 per record, by address.
    package private(set) var lines: [UInt64: [UInt8]] = [:]
    /// The number of lines that begin like records but are damaged, or contradict another with the same address.
    package private(set) var rejected = 0

    package init(_ reply: ConsoleReply) {
        var contradicted: Set<UInt64> = []
        for line in reply.lines {
            // A record has nothing before it and nothing after it.
            guard line.bytes.starts(with: "S3".utf8) else { continue }
            guard let (address, bytes) = Self.record(line.bytes.dropFirst(2)) else {
                rejected += 1
                continue
            }
            if contradicted.contains(address) || lines[address].map({ $0 != bytes }) ?? false {
                contradicted.insert(address)
                lines[address] = nil
                rejected += 1
            } else {
                lines[address] = bytes
            }
        }
    }

    /// Parses the digits after `S3`.
    private static func record(_ digits: ArraySlice<UInt8>) -> (UInt64, [UInt8])? {
        // Count, address, at least one byte, sum; at most 16 bytes.
        guard digits.count % 2 == 0, (14...44).contains(digits.count) else { return nil }
        var bytes: [UInt8] = []
        var rest = digits
        while let high = rest.popFirst(), let low = rest.popFirst() {
            // Digits are in capitals, so a small letter is a flipped bit.
            guard let high = value(high), let low = value(low) else { return nil }
            bytes.append(high << 4 | low)
        }
        guard bytes.first.map({ Int($0) == bytes.count - 1 }) ?? false, bytes.reduce(0, &+) == 0xFF else { return nil }
        let address = bytes.dropFirst().prefix(4).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return (address, Array(bytes.dropFirst(5).dropLast()))
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        (0x61...0x66).contains(digit) ? nil : ByteText.hexadecimalValue(digit)
    }
}
