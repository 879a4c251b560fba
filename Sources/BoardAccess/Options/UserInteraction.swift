package import FlashModel

/// How to ask and inform the user while a board is being reached. Each user interface has its own.
package struct UserInteraction: Sendable {
    /// Asks for a password; nil if nobody can be asked.
    package var askPassword: (@Sendable (_ question: String) async throws -> String?)?
    /// Lets another program use the terminal until the board is reached.
    package var lendTerminal: @Sendable () -> Void
    /// Receives what the user must do or should know.
    package var notify: ProgressHandler

    package init(
        askPassword: (@Sendable (String) async throws -> String?)? = nil,
        lendTerminal: @escaping @Sendable () -> Void = {}, notify: @escaping ProgressHandler = { _ in }
    ) {
        self.askPassword = askPassword
        self.lendTerminal = lendTerminal
        self.notify = notify
    }

    /// Whether the user can be asked.
    package var mayAsk: Bool { askPassword != nil }
}
