/// Bytes at which a format can be found.
package struct Signature: Sendable, Hashable {
    /// At least two. Runs of 0x00 and 0xFF alone are useless: flash is full of them.
    package var bytes: [UInt8]
    /// The bits of each byte that count.
    package var mask: [UInt8]
    /// Bytes from the start of the format to these.
    package var distance: Int

    package init(_ bytes: [UInt8], mask: [UInt8]? = nil, at distance: Int = 0) {
        self.bytes = bytes
        self.mask = mask ?? [UInt8](repeating: 0xFF, count: bytes.count)
        self.distance = distance
    }

    package init(_ text: String, at distance: Int = 0) {
        self.init(Array(text.utf8), at: distance)
    }

    /// The largest ``distance`` that the scanner supports, in bytes.
    package static let farthest = 8000
}
