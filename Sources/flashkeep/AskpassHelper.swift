import BoardChannels

/// This program in its second part: `ssh` runs it to ask for a password (ssh(1), `SSH_ASKPASS`).
///
/// It answers nothing but a question for a password. Whether a host key is to be trusted is for the user to say, and a
/// key's passphrase is not the board's password.
enum AskpassHelper {
    struct Reply: Equatable {
        /// What to print; nil prints nothing.
        var answer: String?
        var status: Int32
    }

    /// The reply; nil where the program was not called as a helper.
    static func reply(arguments: [String], variable: (String) -> String?) -> Reply? {
        guard arguments.count == 2, let answer = variable(SSHOpener.askpassVariable) else { return nil }
        let prompt = arguments[1].lowercased()
        // ssh says with this variable that it wants a yes or no, or nothing at all.
        let isPassword = variable("SSH_ASKPASS_PROMPT") == nil && prompt.contains("password")
        guard isPassword, !prompt.contains("yes/no"), !prompt.contains("passphrase") else {
            return Reply(answer: nil, status: 1)
        }
        return Reply(answer: answer, status: 0)
    }
}
