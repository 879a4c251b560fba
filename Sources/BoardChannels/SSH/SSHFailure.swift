package import FlashModel

/// Turns the OpenSSH client's error message into our own error. Pure.
///
/// A server's greeting comes on the same stream, and may hold any words: a message counts only in the client's own form.
package enum SSHFailure {
    /// - Parameters:
    ///   - status: its exit status: 255 if the client itself failed, otherwise the remote command's.
    ///   - errorText: what it wrote to standard error.
    ///   - noShell: the error if no shell had answered yet, with what the board said instead.
    package static func explain(
        status: Int?, errorText: String, host: String, noShell: FlashkeepError? = nil
    ) -> FlashkeepError? {
        let said = Message(errorText)
        let found = [hostKey, connection, authentication, configuration].lazy.compactMap { $0(said, host) }.first
        if let found { return found }
        // The client reports its own failures by 255. Any other status is that of what the board started for us: a
        // menu, a command line of the vendor's, `nologin`, a server that allows only file transfers.
        if var noShell, let status, status != 255 {
            if noShell.lastOutput == nil, !said.last.isEmpty { noShell.why = "The last output was: \(said.last)" }
            return noShell
        }
        guard status == 255 || !said.last.isEmpty else { return nil }
        return FlashkeepError(
            .boardLost, what: "The SSH connection to \(host) ended.",
            why: said.last.isEmpty ? "The client gave no reason." : said.last,
            next: "Check the board, then run the same command again: it resumes.")
    }

    /// What the client wrote.
    private struct Message {
        let lines: [String]
        /// The lines in lower case.
        let lower: [String]
        let last: String

        init(_ text: String) {
            lines = text.split(whereSeparator: \.isNewline).map { String($0.prefix(300)) }
            lower = lines.map { $0.lowercased() }
            last = lines.last { !$0.allSatisfy(\.isWhitespace) } ?? ""
        }

        /// Whether a line begins so, and has one of the words behind its beginning.
        func says(_ start: String, _ words: String...) -> Bool {
            lower.contains { line in line.hasPrefix(start) && (words.isEmpty || words.contains(where: line.contains)) }
        }
    }

    private static func hostKey(_ said: Message, _ host: String) -> FlashkeepError? {
        if said.lower.contains(where: {
            $0.hasPrefix("@") && $0.contains("warning: remote host identification has changed")
        }) {
            return FlashkeepError(
                .hostKeyChanged, what: "The host key of \(host) has changed.",
                why: "A board has a new key after a reset or a firmware update; or another machine answers in its "
                    + "place.",
                next: "If you expected this: ssh-keygen -R \(host)  and connect once with ssh to accept the new key.")
        }
        if said.says("host key verification failed") {
            return FlashkeepError(
                .hostKeyUnknown, what: "The host key of \(host) was not accepted.",
                why: "This computer does not know the board's key yet, and nobody could be asked to accept it.",
                next: "Connect once with ssh and accept the key, or add --ssh-option StrictHostKeyChecking=accept-new")
        }
        return nil
    }

    private static func connection(_ said: Message, _ host: String) -> FlashkeepError? {
        if said.says("ssh: could not resolve hostname") {
            return FlashkeepError(
                .hostNotFound, what: "No host named \(host) was found.", why: said.last,
                next: "Check the spelling, or give the board's IP address, such as root@192.168.1.1.")
        }
        if said.says("ssh: connect to host", "connection refused") {
            return FlashkeepError(
                .connectionRefused, what: "\(host) refused the SSH connection.",
                why: "The board is there, but no SSH server listens on this port.",
                next: "Enable SSH in the board's settings, or try telnet://\(host) or the serial console.")
        }
        if said.says("ssh: connect to host", "timed out", "no route to host", "network is unreachable", "host is down")
            || said.says("connection timed out during banner exchange")
        {
            return FlashkeepError(
                .hostUnreachable, what: "\(host) did not answer.", why: said.last,
                next: "Check that the board has power and that this computer has an address in its network.")
        }
        return nil
    }

    private static func authentication(_ said: Message, _ host: String) -> FlashkeepError? {
        // `root@10.0.0.1: Permission denied (publickey,password).`
        if said.lower.contains(where: { $0.contains("permission denied (") && $0.hasSuffix(").") })
            || said.says("permission denied, please try again")
            || said.says("received disconnect", "too many authentication")
            || said.says("disconnected from", "too many authentication")
        {
            return FlashkeepError(
                .authenticationFailed, what: "\(host) did not accept the user, key or password.", why: said.last,
                next: "Check the user name (usually root) and the password; FLASHKEEP_PASSWORD or --password-file can "
                    + "provide it.")
        }
        if let line = said.lines.first(where: { $0.hasPrefix("Unable to negotiate") && $0.contains("no matching") }) {
            return FlashkeepError(
                .authenticationFailed,
                what: "\(host) supports only older SSH algorithms than this computer's client offers.",
                why: line, next: olderProtocolAdvice(line))
        }
        if let line = said.lines.first(where: { $0.contains("Invalid key length") }) {
            return FlashkeepError(
                .authenticationFailed, what: "The host key of \(host) is shorter than this computer's client accepts.",
                why: line, next: "Add --ssh-option RequiredRSASize=1024")
        }
        return nil
    }

    private static func configuration(_ said: Message, _ host: String) -> FlashkeepError? {
        let options = [
            "bad configuration option", "unsupported option", "extra arguments at end of line", "missing argument",
            "bad ssh2 cipher spec", "bad ssh2 mac spec", "bad ssh2 kexalgorithms", "bad key types", "bad number",
            "unsupported ssh protocol", "keyword",
        ]
        // `command-line: line 0: Bad configuration option: foo`, `/home/me/.ssh/config line 3: …`.
        if said.lower.contains(where: { $0.contains("line ") && options.contains(where: $0.contains) })
            || said.says("can't open user config file") || said.says("bad owner or permissions on")
            || said.lower.contains(where: { $0.contains(": terminating, ") && $0.contains("bad configuration options") }
            )
        {
            return FlashkeepError(
                .usage, what: "The SSH client does not accept its configuration.", why: said.last,
                next: "Check --ssh-option, the file given with --ssh-config, and your ~/.ssh/config.")
        }
        return nil
    }

    /// The option that makes the client accept an algorithm that the board offers.
    private static func olderProtocolAdvice(_ line: String) -> String {
        let offer = line.split(separator: ":").last.map { $0.filter { $0 != " " } } ?? ""
        let first = offer.split(separator: ",").first.map(String.init) ?? "ssh-rsa"
        let option =
            line.contains("key exchange")
            ? "KexAlgorithms"
            : line.contains("cipher") ? "Ciphers" : line.contains("MAC") ? "MACs" : "HostKeyAlgorithms"
        return "Add --ssh-option \(option)=+\(first)"
    }
}
