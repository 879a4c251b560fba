import FlashAccess
import FlashModel

/// A method that loads bytes into the RAM of a board at RedBoot's prompt. Its report of success is not trusted: XMODEM, and
/// YMODEM before 2004, drop bytes. The board's `cksum` of the RAM decides.
protocol RedBootLoad {
    /// The mode of `load`, for display.
    var mode: String { get }

    /// Loads bytes to an address in RAM.
    ///
    /// - Returns: `done` if everything seems to have arrived.
    /// - Throws: ``RedBootSession/Interruption``, and errors of the line.
    func load(_ bytes: [UInt8], to memory: UInt64) async throws -> TransferAttempt<Void>
}

extension RedBootLoad {
    /// The error of a failed load.
    ///
    /// - Parameter why: a clause.
    func failure(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .commandFailed, what: "Data does not reach the board's RAM intact.", why: "load -m \(mode): \(why)",
            next: "Use a better line, or restore through Linux.")
    }
}
