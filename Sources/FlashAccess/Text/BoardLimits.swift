/// Limits on what is accepted from a board: generous for all existing flash, and small enough that sums always fit into
/// an Int.
package enum BoardLimits {
    /// The largest number accepted as a size, an offset or a count: 2^50, a pebibyte.
    package static let number = 1 << 50
    /// The most MTD devices. Boards have up to a few dozen.
    package static let devices = 256
    /// The most bytes of a reply that are parsed.
    package static let replyBytes = 4 << 20
    /// The most lines of a reply that are parsed.
    package static let lines = 50_000
    /// The most bytes of a line that are parsed.
    package static let lineBytes = 16_384
    /// The most warnings in a survey.
    package static let warnings = 100
}
