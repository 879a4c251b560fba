import FlashAccess

/// Memory as `saves` sends it: Motorola S-records of 16 bytes, keyed by the addresses in them (`cmd/load.c`, save_serial).
///
/// `S315BE050000…CC`: S3, then in hexadecimal the count of the bytes that follow, an address of four bytes, the bytes,
/// and the ones' complement of the sum of all before it but the type. A record in which one digit is another is never
/// believed; S0, S7 and all else are passed over.
package struct UBootRecords: Sendable, Hashable {
    /// Address → bytes, at most 16 a record.
    package private(set) var lines: [UInt64: [UInt8]] = [:]
    /// Lines that begin as records do and are damaged, or contradict another of the same address.
    package private(set) var rejected = 0

    package init(_ reply: UBootReply) {
        var contradicted: Set<UInt64> = []
        for line in reply.lines {
            // Nothing stands before a record, and nothing behind it.
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

    /// What follows `S3`.
    private static func record(_ digits: ArraySlice<UInt8>) -> (UInt64, [UInt8])? {
        // Count, address, at least one byte, sum; 16 bytes at most.
        guard digits.count % 2 == 0, (14...44).contains(digits.count) else { return nil }
        var bytes: [UInt8] = []
        var rest = digits
        while let high = rest.popFirst(), let low = rest.popFirst() {
            // In capitals: a small letter is a flipped bit.
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
