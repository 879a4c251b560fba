package import FlashModel

/// How the user is asked and told while a board is being reached. Every face has its own.
package struct UserInteraction: Sendable {
    /// Asks for a password, with this question; nil where nobody can be asked.
    package var askPassword: (@Sendable (_ question: String) async throws -> String?)?
    /// Allows another program to ask on the terminal until the board is reached.
    package var lendTerminal: @Sendable () -> Void
    /// Receives what a person must do or should know.
    package var notify: ProgressHandler

    package init(
        askPassword: (@Sendable (String) async throws -> String?)? = nil,
        lendTerminal: @escaping @Sendable () -> Void = {}, notify: @escaping ProgressHandler = { _ in }
    ) {
        self.askPassword = askPassword
        self.lendTerminal = lendTerminal
        self.notify = notify
    }

    /// Whether somebody can be asked.
    package var mayAsk: Bool { askPassword != nil }
}
