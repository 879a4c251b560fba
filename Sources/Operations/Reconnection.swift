import BoardChannels
import FlashAccess
import FlashModel

/// When and how often to reconnect to a lost board.
struct ReconnectPolicy {
    /// The most attempts in a row without progress.
    var attempts: Int
    /// Whether there is anything to lose yet. A board that was never surveyed is not worth waiting for.
    var isBegun: () -> Bool
    /// Grows with everything that need not be done again.
    var achieved: () -> Int
    /// Called before each wait.
    var onLoss: () -> Void
}

/// Connects to a board, and reconnects after it was lost. On an unstable line it retries for as long as each attempt
/// makes progress.
struct Reconnection {
    let connector: any BoardConnector
    let transcript: TranscriptLog
    let environment: OperationEnvironment
    let progress: ProgressHandler

    /// Runs the body with the board, and runs it again from its start after the board was lost.
    ///
    /// - Throws: the last error if it does not indicate a board that may just be restarting, or if there is no more
    ///   progress; `CancellationError`.
    func run<Result: Sendable>(
        _ policy: ReconnectPolicy, _ body: (any FlashBoard) async throws -> Result
    ) async throws -> Result {
        var lost = 0
        while true {
            let before = policy.achieved()
            var isConnected = false
            do {
                progress(.began(.connecting, bytes: nil))
                return try await connector.withBoard(transcript: transcript) { board in
                    isConnected = true
                    progress(.ended(.connecting))
                    return try await body(board)
                }
            } catch let error as FlashkeepError
                where error.code == .boardLost || error.code.isLostReply || lost > 0 && !isConnected
            {
                // A restarting board may refuse the connection for a while, with any error.
                try Task.checkCancellation()
                if policy.achieved() > before { lost = 0 }
                guard policy.isBegun(), lost < policy.attempts else { throw error }
                lost += 1
                policy.onLoss()
                progress(.warning("\(error.what) \(error.why) Trying again (\(lost) of \(policy.attempts))."))
                try await environment.sleep(.seconds(min(60, 5 * lost)))
            }
        }
    }
}

extension FlashBoard {
    /// Surveys the board as a separate stage.
    func survey(_ progress: ProgressHandler) async throws -> SurveyedFlash {
        progress(.began(.surveying, bytes: nil))
        let flash = try await survey()
        progress(.ended(.surveying))
        return flash
    }
}
