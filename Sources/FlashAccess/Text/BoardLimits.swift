/// How much of what a board says is believed at all. Generous for any flash there is, and small enough that sums of
/// them always fit into an Int.
package enum BoardLimits {
    /// The largest number taken for a size, an offset or a count: 2^50, a pebibyte.
    package static let number = 1 << 50
    /// The most MTD devices. Boards have up to a few dozen.
    package static let devices = 256
    /// The most bytes of a reply that are looked at.
    package static let replyBytes = 4 << 20
    /// The most lines of a reply that are looked at.
    package static let lines = 50_000
    /// The most bytes of a line that are looked at.
    package static let lineBytes = 16_384
    /// The most warnings that a survey carries.
    package static let warnings = 100
}
