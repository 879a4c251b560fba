package import BoardChannels

/// A board that answers, before its flash is surveyed.
package protocol FlashBoard {
    /// How the board is reached: `Linux shell over SSH`, `U-Boot on a serial line`.
    var accessMethod: String { get }
    /// The number of repeated requests, including those of the ``SurveyedFlash`` values that it returned.
    var retries: Int { get }

    /// Finds out what the board is and what flash it has, without changing anything on it.
    ///
    /// - Returns: the surveyed flash, with everything that reads and writes it; valid as long as the connection.
    /// - Throws: ``FlashModel/FlashkeepError`` with `noMTD`, `noPartitions`, `notRoot`, `boardLost` and others.
    func survey() async throws -> SurveyedFlash

    /// Makes partitions writable that the board's system keeps read-only, until ``lock()``. Earlier surveys do not
    /// reflect the change.
    ///
    /// - Throws: ``FlashModel/FlashkeepError`` with `toolMissing` if the board cannot do this, `boardLost` and others.
    func unlock() async throws

    /// Reverts ``unlock()``.
    func lock() async throws
}

extension FlashBoard {
    package func unlock() async throws {}
    package func lock() async throws {}
}

/// Opens a board for the duration of a closure, and can open it again after the connection was lost.
package protocol BoardConnector: Sendable {
    /// The address as typed, without secrets.
    var address: String { get }

    /// Opens the board, runs the body, and always closes the board.
    ///
    /// - Parameter transcript: records what crosses the channel.
    /// - Throws: ``FlashModel/FlashkeepError`` if the board cannot be reached, and what the body throws.
    func withBoard<Result: Sendable>(
        transcript: TranscriptLog, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result
}
