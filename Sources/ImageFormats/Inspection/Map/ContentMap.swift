/// What every byte of an image is.
package struct ContentMap: Sendable, Hashable {
    /// The size of the image in bytes.
    package var size: Int
    /// The findings that lie in no other, sorted by offset.
    package var findings: [Finding]
    /// Consecutive; together they are the whole image.
    package var segments: [Segment]
    /// Findings that overlap without one containing the other.
    package var overlaps: [Overlap]
    /// What was not examined and why, one line each.
    package var notes: [String]

    /// Bytes of one kind.
    package struct Segment: Sendable, Hashable {
        package enum Kind: Sendable, Hashable {
            /// The index in ``ContentMap/findings``.
            case finding(Int)
            /// All bytes have one value: 0xFF is erased flash.
            case blank(UInt8)
            /// A pattern of this many bytes, again and again.
            case repeated(period: Int)
            /// Compressed, encrypted or random bytes that no format claims.
            case dense
            /// Other bytes that no format claims.
            case unknown
        }

        package var range: Range<Int>
        package var kind: Kind
        /// The mean entropy in bits per byte; nil for all that is claimed or blank.
        package var entropy: Double?

        package init(_ range: Range<Int>, _ kind: Kind, entropy: Double? = nil) {
            self.range = range
            self.kind = kind
            self.entropy = entropy
        }
    }

    package struct Overlap: Sendable, Hashable {
        /// The formats, in the order of their offsets.
        package var formats: [String]
        /// The bytes that both claim.
        package var range: Range<Int>
    }
}
