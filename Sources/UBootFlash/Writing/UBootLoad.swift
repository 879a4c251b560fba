import FlashModel

/// A method to bring bytes into the RAM of a board that waits at U-Boot's prompt. What it reports of its success is not
/// believed: the board's CRC-32 of the RAM tells.
protocol UBootLoad {
    /// The command, as `help` lists it.
    var command: String { get }

    /// Brings bytes into RAM at an address.
    ///
    /// - Returns: `done` if all seems to have arrived.
    /// - Throws: ``UBootSession/Interruption``, and what the line throws.
    func load(_ bytes: [UInt8], to memory: UInt64) async throws -> UBootAttempt<Void>
}

extension UBootLoad {
    /// Why a load failed.
    ///
    /// - Parameter why: a clause.
    func failure(_ why: String) -> FlashkeepError {
        FlashkeepError(
            .commandFailed, what: "Data does not reach the board's RAM intact.", why: "\(command): \(why)",
            next: "Use a better line, or restore through Linux (--image).")
    }
}
