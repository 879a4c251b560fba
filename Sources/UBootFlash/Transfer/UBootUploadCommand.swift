import FlashAccess

/// A U-Boot command that sends memory to a TFTP server. Each variant has its own file.
protocol UBootUploadCommand: Sendable {
    /// The method that a user chooses it by.
    var method: UBootReadMethod { get }

    /// The question whose reply shows whether the board has it; nil if the list of `help` is enough.
    func question(_ help: UBootHelp) -> String?

    /// Whether the board has it.
    ///
    /// - Parameter answer: the reply to the question, if there was one.
    func isOffered(_ help: UBootHelp, answer: UBootReply?) -> Bool

    /// The command line.
    ///
    /// - Parameters:
    ///   - file: letters and digits.
    /// - Throws: ``UBootCommandFault``.
    func line(_ commands: UBootCommands, from memory: UInt64, count: UInt64, file: String) throws -> String
}
