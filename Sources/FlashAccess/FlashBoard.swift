package import BoardChannels

/// A board that answers, before it is known what flash it has.
package protocol FlashBoard {
    /// How the board is reached, in words: `Linux shell over SSH`, `U-Boot on a serial line`.
    var way: String { get }
    /// How often something had to be asked for again, also by what its surveys returned.
    var retries: Int { get }

    /// Finds out what the board is and what flash it has, without changing anything on it.
    ///
    /// - Returns: everything that reads and writes the flash that was found. It holds as long as the connection.
    /// - Throws: ``FlashModel/FlashkeepError`` with `noMTD`, `noPartitions`, `notRoot`, `boardLost` and others.
    func survey() async throws -> SurveyedFlash

    /// Makes partitions writable that the board's system keeps read-only, until ``lock()``. A survey taken before does
    /// not show it.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `toolMissing` if the board has no means, `boardLost` and others.
    func unlock() async throws

    /// Reverts ``unlock()``.
    func lock() async throws
}

extension FlashBoard {
    package func unlock() async throws {}
    package func lock() async throws {}
}

/// Something that can reach a board for the length of a closure, and again after it was lost.
package protocol BoardConnector: Sendable {
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
