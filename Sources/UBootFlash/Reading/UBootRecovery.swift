import FlashAccess
import FlashModel

/// Repeats what a reset of the board interrupted, once the board is at its prompt again.
final class UBootRecovery {
    private let session: UBootSession
    private let lineRate: UBootLineRate?
    private let transfers: UBootTransfers?

    /// - Parameters:
    ///   - lineRate: raised again after a reset; nil leaves the line as it is.
    ///   - transfers: nil while only questions are asked.
    init(_ session: UBootSession, lineRate: UBootLineRate?, transfers: UBootTransfers? = nil) {
        self.session = session
        self.lineRate = lineRate
        self.transfers = transfers
    }

    /// Runs the body, and repeats it after a reset of the board.
    ///
    /// - Parameter achieved: a number that grows with what need not be done again.
    /// - Throws: `boardLost` if the board is reset repeatedly, `commandFailed` with the command's name if it is always
    ///   reset at the same one: no new connection will help. And errors of the body.
    func surviving<Result>(
        achieved: () -> Int = { 0 }, _ body: () async throws -> Result
    ) async throws -> Result {
        var budget = ResetBudget(achieved: achieved())
        while true {
            do {
                return try await body()
            } catch let interruption as UBootSession.Interruption {
                try budget.spend(
                    on: interruption, command: session.lastCommand, achieved: achieved(), advice: Self.advice)
                await transfers?.wasReset()
                try await session.getBackIn()
                try await lineRate?.raise()
            } catch let error as FlashkeepError {
                // What fails over the network may succeed over the line.
                guard try await transfers?.retreat(from: error) ?? false else { throw error }
            }
        }
    }

    private static let advice =
        "Either the command touches an address that is not what it is taken for, or a watchdog or a weak power supply "
        + "restarts the board this soon. Check --ram and --flash if you gave them; otherwise give free RAM with --ram, "
        + "and the flash with --flash."
}
