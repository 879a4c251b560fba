import FlashModel

/// A range of memory read by uploads, each compared with the board's own checksum, or with another upload if there is
/// none.
///
/// The UDP packets of bootloaders have no checksum (U-Boot's `net/net.c`, net_set_udp_header), and RAM and cables cause
/// errors. A part that differs is fetched again, and then in halves, so that little is repeated.
package struct CheckedUpload {
    /// The size in bytes below which a part is not halved.
    package static let smallest = 4 << 10
    /// The most attempts at a part before it is halved.
    private static let attempts = 2
    /// The most attempts at a part too small to halve, before the last one is accepted.
    private static let lastAttempts = 6

    /// One upload.
    package typealias Fetch = (_ address: UInt64, _ count: Int) async throws -> [UInt8]
    /// The board's CRC-32 of memory.
    package typealias Checksum = (_ address: UInt64, _ count: Int) async throws -> UInt32

    private let fetch: Fetch
    private let checksum: Checksum?
    /// The number of repeated parts.
    package private(set) var repeats = 0

    /// - Parameter checksum: nil if the board cannot compute one.
    package init(fetch: @escaping Fetch, checksum: Checksum?) {
        self.fetch = fetch
        self.checksum = checksum
    }

    /// Reads the bytes. If the memory differs each time, they are the last received, and the image's proof shows it.
    ///
    /// - Throws: errors of the closures.
    package mutating func bytes(at address: UInt64, count: Int) async throws -> [UInt8] {
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
                // A digit of the sum may have been damaged in transit.
                if try await checksum(address, bytes.count) == sum { return bytes }
            }
        } else {
            // Any two equal uploads.
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

    /// - Parameter isFirst: whether it is the check itself rather than a repetition.
    private mutating func again(_ address: UInt64, _ count: Int, isFirst: Bool = false) async throws -> [UInt8] {
        if !isFirst { repeats += 1 }
        return try await fetch(address, count)
    }
}
