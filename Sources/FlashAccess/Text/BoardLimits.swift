/// How much of what a board says is believed at all. Generous for any flash there is, and small enough that sums of
/// them always fit into an Int.
enum BoardLimits {
    /// The largest number taken for a size, an offset or a count: 2^50, a pebibyte.
    static let number = 1 << 50
    /// The most MTD devices. Boards have up to a few dozen.
    static let devices = 256
    /// The most bytes of a reply that are looked at.
    static let replyBytes = 4 << 20
    /// The most lines of a reply that are looked at.
    static let lines = 50_000
    /// The most bytes of a line that are looked at.
    static let lineBytes = 16_384
    /// The most warnings that a survey carries.
    static let warnings = 100
}
