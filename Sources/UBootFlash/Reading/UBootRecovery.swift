import FlashModel

/// Takes up again what a reset of the board broke off, once the board waits at its prompt again.
final class UBootRecovery {
    /// How often the board may be reset without anything achieved in between.
    private static let mostResets = 4

    private let session: UBootSession
    private let lineRate: UBootLineRate?
    private let transfers: UBootTransfers?

    /// - Parameters:
    ///   - lineRate: goes up again after a reset; nil leaves the line as it is.
    ///   - transfers: nil as long as nothing but questions is asked.
    init(_ session: UBootSession, lineRate: UBootLineRate?, transfers: UBootTransfers? = nil) {
        self.session = session
        self.lineRate = lineRate
        self.transfers = transfers
    }

    /// Repeats what a reset of the board broke off.
    ///
    /// - Parameter achieved: grows with what need not be done again.
    /// - Throws: `boardLost` where the board is reset again and again, and what the body throws.
    func surviving<Result>(
        achieved: () -> Int = { 0 }, _ body: () async throws -> Result
    ) async throws -> Result {
        var resets = 0
        var before = achieved()
        while true {
            do {
                return try await body()
            } catch let interruption as UBootSession.Interruption {
                let now = achieved()
                resets = now > before ? 1 : resets + 1
                before = now
                guard resets <= Self.mostResets else {
                    throw FlashkeepError(
                        .boardLost, what: "The board keeps restarting.", why: interruption.why,
                        next: "A watchdog may be running, or the power supply is weak; what was read is kept.")
                }
                await transfers?.wasReset()
                try await session.getBackIn()
                try await lineRate?.raise()
            } catch let error as FlashkeepError {
                // What does not come over the network may come over the line.
                guard try await transfers?.retreat(from: error) ?? false else { throw error }
            }
        }
    }
}
