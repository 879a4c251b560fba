/// A way to bring bytes into the RAM of a board that waits at U-Boot's prompt. What it says of its success is not
/// believed: the board's CRC-32 of the RAM tells.
protocol UBootLoad {
    /// The command, as `help` lists it.
    var command: String { get }

    /// Brings bytes to a place in RAM.
    ///
    /// - Throws: ``UBootSession/Interruption``, and what the line throws.
    func load(_ bytes: [UInt8], to memory: UInt64) async throws -> UBootLoadOutcome

    /// Told that it is not used any more, and why.
    func giveUp(_ why: String)
}

/// What became of a load, as far as it can tell. Reasons are a few words.
enum UBootLoadOutcome: Sendable, Hashable {
    case seemsDone
    /// Another attempt may be better.
    case failed(String)
    /// No other attempt will be better.
    case hopeless(String)
}

extension UBootLoad {
    func giveUp(_ why: String) {}
}
