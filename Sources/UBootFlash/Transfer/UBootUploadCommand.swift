/// A command of U-Boot that sends memory to a TFTP server. One file a variant.
protocol UBootUploadCommand: Sendable {
    /// What a user calls it.
    var method: UBootReadMethod { get }

    /// The question whose answer tells whether the board has it, where the list of `help` alone does not; nil where that
    /// list is enough.
    func question(_ help: UBootHelp) -> String?

    /// Whether the board has it.
    ///
    /// - Parameter answer: to the question, if there was one.
    func isOffered(_ help: UBootHelp, answer: UBootReply?) -> Bool

    /// The command line.
    ///
    /// - Parameters:
    ///   - file: letters and digits.
    /// - Throws: ``UBootCommandFault``.
    func line(_ commands: UBootCommands, from memory: UInt64, count: UInt64, file: String) throws -> String
}
