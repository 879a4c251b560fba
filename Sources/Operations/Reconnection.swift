import BoardChannels
import FlashAccess
import FlashModel

/// When and how often a lost board is reached again.
struct ReconnectPolicy {
    /// How often in a row, without progress in between.
    var attempts: Int
    /// Whether there is anything to lose yet. A board that was never seen is not waited for.
    var isBegun: () -> Bool
    /// Grows with everything that need not be done again.
    var achieved: () -> Int
    /// Called before each wait.
    var onLoss: () -> Void
}

/// Reaches a board, and reaches it again after it was lost. An unstable line is retried for as long as each attempt
/// makes progress.
struct Reconnection {
    let connector: any BoardConnector
    let transcript: TranscriptLog
    let environment: OperationEnvironment
    let progress: ProgressHandler

    /// Runs the body with the board; runs it again, from its start, after the board was lost.
    ///
    /// - Throws: the last error if it does not mean that the board may only be restarting, or if nothing is achieved any
    ///   more; `CancellationError`.
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
                // A board that is starting again may refuse the connection for a while, with any error.
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
    /// Surveys the board as a stage of its own.
    func survey(_ progress: ProgressHandler) async throws -> SurveyedFlash {
        progress(.began(.surveying, bytes: nil))
        let flash = try await survey()
        progress(.ended(.surveying))
        return flash
    }
}
