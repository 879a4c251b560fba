import FlashAccess

/// Repeats what a reset of the board interrupted, once the board is at its prompt again.
final class RedBootRecovery {
    private let session: RedBootSession

    init(_ session: RedBootSession) {
        self.session = session
    }

    /// Runs the body, and repeats it after a reset of the board.
    ///
    /// - Parameter achieved: a number that grows with what need not be done again.
    /// - Throws: `boardLost` if the board is reset repeatedly, `commandFailed` with the command's name if it is always
    ///   reset at the same one; errors of the body.
    func surviving<Result>(
        achieved: () -> Int = { 0 }, _ body: () async throws -> Result
    ) async throws -> Result {
        var budget = ResetBudget(achieved: achieved())
        while true {
            do {
                return try await body()
            } catch let interruption as RedBootSession.Interruption {
                try budget.spend(
                    on: interruption, command: session.lastCommand, achieved: achieved(), advice: Self.advice)
                try await session.getBackIn()
            }
        }
    }

    private static let advice =
        "Either the command touches an address that is not what it is taken for, or a watchdog or a weak power supply "
        + "restarts the board this soon. Start its Linux instead, or use a programmer."
}
