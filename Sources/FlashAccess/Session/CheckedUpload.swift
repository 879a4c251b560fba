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
    /// The most attempts at a part too small to halve, before it is left unsettled.
    private static let lastAttempts = 6

    /// One upload.
    package typealias Fetch = (_ address: UInt64, _ count: Int) async throws -> [UInt8]
    /// The board's CRC-32 of memory.
    package typealias Checksum = (_ address: UInt64, _ count: Int) async throws -> UInt32

    /// What has arrived.
    package enum Arrival: Sendable, Equatable {
        /// The board's checksum, or another upload, confirms all of it.
        case settled([UInt8])
        /// A part of it differed each time, or never had the board's checksum; the last that arrived.
        case unsettled([UInt8])
    }

    private let fetch: Fetch
    private let checksum: Checksum?
    /// Whether nothing more is fetched once a part is unsettled.
    private let endsUnsettled: Bool
    /// The number of repeated parts.
    package private(set) var repeats = 0
    /// Whether a part was neither confirmed nor could be halved.
    private var isUnsettled = false

    /// - Parameters:
    ///   - checksum: nil if the board cannot compute one.
    ///   - endsUnsettled: whether nothing more is fetched once a part is unsettled, for who needs all or nothing.
    package init(fetch: @escaping Fetch, checksum: Checksum?, endsUnsettled: Bool = false) {
        self.fetch = fetch
        self.checksum = checksum
        self.endsUnsettled = endsUnsettled
    }

    /// Reads the bytes.
    ///
    /// - Throws: errors of the closures.
    package mutating func bytes(at address: UInt64, count: Int) async throws -> Arrival {
        isUnsettled = false
        let bytes = try await settled(try await fetch(address, count), address)
        return isUnsettled ? .unsettled(bytes) : .settled(bytes)
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
        guard bytes.count > Self.smallest else {
            isUnsettled = true
            return bytes
        }
        let middle = (bytes.count / 2).roundedUp(to: Self.smallest) ?? bytes.count / 2
        guard middle < bytes.count, let start = address.plus(middle) else {
            isUnsettled = true
            return bytes
        }
        let head = try await settled(Array(bytes[..<middle]), address)
        if isUnsettled, endsUnsettled { return head + bytes[middle...] }
        return head + (try await settled(Array(bytes[middle...]), start))
    }

    /// - Parameter isFirst: whether it is the check itself rather than a repetition.
    private mutating func again(_ address: UInt64, _ count: Int, isFirst: Bool = false) async throws -> [UInt8] {
        if !isFirst { repeats += 1 }
        return try await fetch(address, count)
    }
}
