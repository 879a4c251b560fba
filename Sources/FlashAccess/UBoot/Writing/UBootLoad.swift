/// A way to bring bytes into the RAM of a board that waits at U-Boot's prompt. What it says of its success is not
/// believed: the board's CRC-32 of the RAM tells.
protocol UBootLoad {
    /// The command, as `help` lists it.
    var command: String { get }

    /// Whether a board has it.
    func isOffered(_ help: UBootHelp) -> Bool

    /// Brings bytes to a place in RAM.
    ///
    /// - Returns: nil where it seems to have worked; else why not, in a few words.
    /// - Throws: ``UBootSession/Interruption``, and what the line throws.
    func load(_ bytes: [UInt8], to memory: UInt64) async throws -> String?
}

extension UBootLoad {
    func isOffered(_ help: UBootHelp) -> Bool { help.has(command) }
}
