import FlashModel

/// A range of memory by uploads, each compared with the board's own checksum, or with another upload where it has none.
///
/// U-Boot's UDP packets carry no checksum (`net/net.c`, net_set_udp_header), and RAM and cables err. A piece that is
/// another is fetched again, and then in halves, so that little crosses again and again.
struct UBootCheckedUpload {
    /// Bytes below which a piece is not halved.
    static let smallest = 4 << 10
    /// How often a piece is fetched before it is halved.
    private static let attempts = 2
    /// How often one that is not halved is fetched before it is taken as it is.
    private static let lastAttempts = 6

    /// One upload.
    typealias Fetch = (_ address: UInt64, _ count: Int) async throws -> [UInt8]
    /// The board's CRC-32 of memory.
    typealias Checksum = (_ address: UInt64, _ count: Int) async throws -> UInt32

    private let fetch: Fetch
    private let checksum: Checksum?
    /// How many pieces had to be fetched again.
    private(set) var repeats = 0

    /// - Parameter checksum: nil where the board cannot compute one.
    init(fetch: @escaping Fetch, checksum: Checksum?) {
        self.fetch = fetch
        self.checksum = checksum
    }

    /// The bytes. Where the memory is another each time, they are the last that came: the proof of the image shows it.
    ///
    /// - Throws: what the closures throw.
    mutating func bytes(at address: UInt64, count: Int) async throws -> [UInt8] {
        try await settled(try await fetch(address, count), address)
    }

    private mutating func settled(_ first: [UInt8], _ address: UInt64) async throws -> [UInt8] {
        var bytes = first
        let attempts = first.count > Self.smallest ? Self.attempts : Self.lastAttempts
        if let checksum {
            for attempt in 0..<attempts {
                if attempt > 0 { bytes = try await again(address, bytes.count) }
                let sum = CRC32.sum(of: bytes)
                if try await checksum(address, bytes.count) == sum { return bytes }
                // A digit of the sum may have been damaged on its way.
                if try await checksum(address, bytes.count) == sum { return bytes }
            }
        } else {
            // Two that are the same, of all that came.
            var seen = [bytes]
            for _ in 0..<attempts {
                bytes = try await again(address, bytes.count, isFirst: seen.count == 1)
                if seen.contains(bytes) { return bytes }
                seen.append(bytes)
            }
        }
        guard bytes.count > Self.smallest else { return bytes }
        let middle = (bytes.count / 2).roundedUp(to: Self.smallest) ?? bytes.count / 2
        guard middle < bytes.count, let start = address.plus(middle) else { return bytes }
        return try await settled(Array(bytes[..<middle]), address) + settled(Array(bytes[middle...]), start)
    }

    /// - Parameter isFirst: whether it is no repetition but the check itself.
    private mutating func again(_ address: UInt64, _ count: Int, isFirst: Bool = false) async throws -> [UInt8] {
        if !isFirst { repeats += 1 }
        return try await fetch(address, count)
    }
}
