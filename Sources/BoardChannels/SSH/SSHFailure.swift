package import FlashModel

/// Turns the OpenSSH client's error message into our own error. Pure.
package enum SSHFailure {
    /// - Parameters:
    ///   - status: its exit status: 255 if the client itself failed, otherwise the remote command's.
    ///   - errorText: what it wrote to standard error.
    package static func explain(status: Int?, errorText: String, host: String, address: String) -> FlashkeepError? {
        let text = errorText.lowercased()
        let lines = errorText.split(whereSeparator: \.isNewline).map { String($0.prefix(300)) }
        let last = lines.last { !$0.allSatisfy(\.isWhitespace) } ?? ""
        if text.contains("remote host identification has changed") {
            return FlashkeepError(
                .hostKeyChanged, what: "The host key of \(host) has changed.",
                why: "A board has a new key after a reset or a firmware update; or another machine answers in its "
                    + "place.",
                next: "If you expected this: ssh-keygen -R \(host)  and connect once with ssh to accept the new key.")
        }
        if text.contains("host key verification failed") {
            return FlashkeepError(
                .hostKeyUnknown, what: "The host key of \(host) was not accepted.",
                why: "This computer does not know the board's key yet, and nobody could be asked to accept it.",
                next: "Connect once with ssh and accept the key, or add --ssh-option StrictHostKeyChecking=accept-new")
        }
        if text.contains("could not resolve hostname") {
            return FlashkeepError(
                .hostNotFound, what: "No host named \(host) was found.", why: last,
                next: "Check the spelling, or give the board's IP address, such as root@192.168.1.1.")
        }
        if text.contains("connection refused") {
            return FlashkeepError(
                .connectionRefused, what: "\(host) refused the SSH connection.",
                why: "The board is there, but no SSH server listens on this port.",
                next: "Enable SSH in the board's settings, or try telnet://\(host) or the serial console.")
        }
        if text.contains("permission denied") || text.contains("too many authentication failures") {
            return FlashkeepError(
                .authenticationFailed, what: "\(host) did not accept the user, key or password.", why: last,
                next: "Check the user name (usually root) and the password; FLASHKEEP_PASSWORD or --password-file can "
                    + "provide it.")
        }
        if text.contains("no matching host key type") || text.contains("no matching key exchange method")
            || text.contains("no matching cipher")
        {
            return FlashkeepError(
                .authenticationFailed,
                what: "\(host) supports only older SSH algorithms than this computer's client offers.",
                why: last, next: olderProtocolAdvice(last))
        }
        if text.contains("timed out") || text.contains("no route to host") || text.contains("network is unreachable") {
            return FlashkeepError(
                .hostUnreachable, what: "\(host) did not answer.", why: last,
                next: "Check that the board has power and that this computer has an address in its network.")
        }
        if text.contains("bad configuration option") || text.contains("can't open user config file")
            || text.contains("bad owner or permissions")
        {
            return FlashkeepError(
                .usage, what: "The SSH client does not accept its configuration.", why: last,
                next: "Check --ssh-option, the file given with --ssh-config, and your ~/.ssh/config.")
        }
        guard status == 255 || !last.isEmpty else { return nil }
        return FlashkeepError(
            .boardLost, what: "The SSH connection to \(host) ended.",
            why: last.isEmpty ? "The client gave no reason." : last,
            next: "Check the board, then run the same command again: it resumes.")
    }

    /// The option that makes the client accept an algorithm that the board offers.
    private static func olderProtocolAdvice(_ line: String) -> String {
        let offer = line.split(separator: ":").last.map { $0.filter { $0 != " " } } ?? ""
        let first = offer.split(separator: ",").first.map(String.init) ?? "ssh-rsa"
        let option =
            line.contains("key exchange")
            ? "KexAlgorithms=+\(first)" : line.contains("cipher") ? "Ciphers=+\(first)" : "HostKeyAlgorithms=+\(first)"
        return "Add --ssh-option \(option)"
    }
}
