package import FlashModel

/// How many resets of a board are accepted while the same work is repeated.
package struct ResetBudget {
    /// The most resets in a row without progress.
    private static let mostResets = 4
    /// The most resets in a row at one command: more are no chance, but what the command touches.
    private static let mostResetsOfCommand = 2

    private var resets = 0
    private var before: Int
    private var ofCommand = (command: "", count: 0)

    /// - Parameter achieved: a number that grows with what need not be done again.
    package init(achieved: Int) { before = achieved }

    /// Counts a reset.
    ///
    /// - Parameters:
    ///   - command: the last one before it.
    ///   - advice: what to do if the board always restarts at the same command.
    /// - Throws: `boardLost` if the board is reset repeatedly, `commandFailed` with the command's name if it is always
    ///   reset at the same one: no new connection will help.
    package mutating func spend(
        on interruption: BoardInterruption, command: String, achieved now: Int, advice: String
    ) throws(FlashkeepError) {
        resets = now > before ? 1 : resets + 1
        ofCommand = (command, now == before && command == ofCommand.command ? ofCommand.count + 1 : 1)
        before = now
        guard ofCommand.count <= Self.mostResetsOfCommand else {
            throw FlashkeepError(
                .commandFailed,
                what: "The board restarts each time at \"\(PrintableText.escaped(command, limit: 80))\".",
                why: interruption.why, next: advice)
        }
        guard resets <= Self.mostResets else {
            throw FlashkeepError(
                .boardLost, what: "The board keeps restarting.", why: interruption.why,
                next: "A watchdog may be running, or the power supply is weak; what was read is kept.")
        }
    }
}
