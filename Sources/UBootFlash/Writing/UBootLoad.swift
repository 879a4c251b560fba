import FlashAccess
import FlashModel

/// A method that loads bytes into the RAM of a board at U-Boot's prompt. Its report of success is not trusted; the
/// board's CRC-32 of the RAM decides.
protocol UBootLoad {
    /// The command, as listed by `help`.
    var command: String { get }

    /// Loads bytes to an address in RAM.
    ///
    /// - Returns: `done` if everything seems to have arrived.
    /// - Throws: ``UBootSession/Interruption``, and errors of the line.
    func load(_ bytes: [UInt8], to memory: UInt64) async throws -> TransferAttempt<Void>
}

extension UBootLoad {
    /// The error of a failed load.
    ///
    /// - Parameter why: a clause.
    func failure(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .commandFailed, what: "Data does not reach the board's RAM intact.", why: "\(command): \(why)",
            next: "Use a better line, or restore through Linux (--image).")
    }
}
