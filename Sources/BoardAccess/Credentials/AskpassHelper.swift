import BoardChannels

/// The askpass helper that `ssh` runs to ask for a password (ssh(1), `SSH_ASKPASS`); it is this same program.
///
/// It answers only requests for a password. Whether to trust a host key is the user's decision, and a key's passphrase
/// is not the board's password.
package enum AskpassHelper {
    package struct Reply: Equatable {
        /// What to print; nil prints nothing.
        package var answer: String?
        package var status: Int32
    }

    /// The reply; nil if the program was not called as a helper.
    package static func reply(arguments: [String], variable: (String) -> String?) -> Reply? {
        guard arguments.count == 2, let answer = variable(SSHOpener.askpassVariable) else { return nil }
        let prompt = arguments[1].lowercased()
        // ssh sets this variable to ask for a yes or no, or just to show a message.
        let isPassword = variable("SSH_ASKPASS_PROMPT") == nil && prompt.contains("password")
        guard isPassword, !prompt.contains("yes/no"), !prompt.contains("passphrase") else {
            return Reply(answer: nil, status: 1)
        }
        return Reply(answer: answer, status: 0)
    }
}
