package import BoardChannels

/// A board that is reached: its flash, whatever the way in. Operations know nothing else of it.
package protocol FlashBoard: FlashSurveying, FlashReading, FlashChecksumming {
    /// How the board is reached, in words: `Linux shell over SSH`, `U-Boot on a serial line`.
    var way: String { get }
    /// Bytes a second that are usual where the line is so slow that measuring would take long; nil where it is not.
    var usualRate: Int? { get }
    /// How bulk data crosses, for people: `raw`, `gzip`, `base64, frames checked with md5`.
    var transferName: String { get }
    /// How often something had to be asked for again.
    var retries: Int { get }
    /// Command lines that read flash on this board, an example of each kind.
    var commands: [String] { get }
    /// What writes its flash; nil where nothing does.
    var writer: (any FlashWriting)? { get }
}

/// Something that can reach a board for the length of a closure, and again after it was lost.
package protocol BoardReaching: Sendable {
    /// The address as typed, without secrets.
    var address: String { get }

    /// Reaches the board, runs the body, and lets go of the board whatever happens.
    ///
    /// - Parameter transcript: takes what crosses the channel.
    /// - Throws: ``FlashModel/FlashkeepError`` where the board cannot be reached, and what the body throws.
    func withBoard<Result: Sendable>(
        transcript: TranscriptLog, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result
}
