import BoardChannels
import FlashModel
import Testing

/// The messages of OpenSSH 9.2, and the error for each.
@Suite struct SSHFailureTests {
    @Test(arguments: [
        ("ssh: Could not resolve hostname router: Name or service not known", FlashkeepError.Code.hostNotFound),
        ("ssh: connect to host 127.0.0.1 port 1: Connection refused", .connectionRefused),
        ("ssh: connect to host 10.0.0.1 port 22: Connection timed out", .hostUnreachable),
        ("ssh: connect to host 10.0.0.1 port 22: No route to host", .hostUnreachable),
        ("root@127.0.0.1: Permission denied (publickey,password).", .authenticationFailed),
        (
            "@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.",
            .hostKeyChanged
        ),
        ("Host key verification failed.", .hostKeyUnknown),
        (
            "Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-rsa,ssh-dss",
            .authenticationFailed
        ),
        ("/tmp/x: line 1: Bad configuration option: foo", .usage),
        ("command-line: line 0: Bad configuration option: nosuch", .usage),
        ("command-line line 0: Bad SSH2 MAC spec 'x'.", .usage),
        ("ssh_dispatch_run_fatal: Connection to 10.0.0.1 port 22: Invalid key length", .authenticationFailed),
        ("Connection timed out during banner exchange", .hostUnreachable),
        ("Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures", .authenticationFailed),
        ("Timeout, server 10.0.0.1 not responding.", .boardLost),
        // A greeting is no message of the client's.
        ("Sessions are timed out after 5 minutes.\nClosed.", .boardLost),
        ("WARNING: permission denied to all but staff.\nConnection closed.", .boardLost),
        ("This connection refused by policy is logged.\nConnection to 10.0.0.1 closed.", .boardLost),
        ("", .boardLost),
    ])
    func isUnderstood(text: String, code: FlashkeepError.Code) throws {
        let error = try #require(
            SSHFailure.explain(status: 255, errorText: text, host: "router"))
        #expect(error.code == code)
        #expect(!error.what.isEmpty && !error.why.isEmpty && !error.next.isEmpty)
    }

    /// The option to type for servers that offer only what the client has given up.
    @Test(arguments: [
        ("no matching host key type found. Their offer: ssh-rsa,ssh-dss", "HostKeyAlgorithms=+ssh-rsa"),
        ("no matching MAC found. Their offer: hmac-md5,hmac-sha1-96", "MACs=+hmac-md5"),
        ("no matching cipher found. Their offer: aes128-cbc,3des-cbc", "Ciphers=+aes128-cbc"),
        (
            "no matching key exchange method found. Their offer: diffie-hellman-group1-sha1",
            "KexAlgorithms=+diffie-hellman-group1-sha1"
        ),
    ])
    func theOldProtocolIsNamed(words: String, option: String) throws {
        let text = "Welcome to the router\nUnable to negotiate with 10.0.0.1 port 22: \(words)"
        let error = try #require(SSHFailure.explain(status: 255, errorText: text, host: "r"))
        #expect(error.next == "Add --ssh-option \(option)")
        let short = "ssh_dispatch_run_fatal: Connection to 10.0.0.1 port 22: Invalid key length"
        let key = try #require(SSHFailure.explain(status: 255, errorText: short, host: "r"))
        #expect(key.next == "Add --ssh-option RequiredRSASize=1024")
    }

    @Test("What the board started instead of a shell is told apart from the client's own failures")
    func noShell() throws {
        let missing = FlashkeepError(
            .replyNotUnderstood, what: "No shell.", why: "A test command got no reply.", next: "x")
        let menu = try #require(
            SSHFailure.explain(status: 1, errorText: "Sessions timed out.\nNo menu.\n", host: "r", noShell: missing))
        #expect(menu.code == .replyNotUnderstood && menu.why == "The last output was: No menu.")
        let silent = try #require(SSHFailure.explain(status: 1, errorText: "", host: "r", noShell: missing))
        #expect(silent.why == missing.why)
        let refused = "root@r: Permission denied (publickey)."
        #expect(
            SSHFailure.explain(status: 255, errorText: refused, host: "r", noShell: missing)?.code
                == .authenticationFailed)
        #expect(
            SSHFailure.explain(status: 255, errorText: "Connection closed.", host: "r", noShell: missing)?.code
                == .boardLost)
    }

    @Test func aDestinationIsNeverAnOption() {
        let arguments = SSHOpener.arguments(SSHOpener.Settings(destination: "-oProxyCommand=x"))
        #expect(arguments.suffix(3) == ["--", "-oProxyCommand=x", "exec sh"])
    }
}
