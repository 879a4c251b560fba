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
        ("Timeout, server 10.0.0.1 not responding.", .boardLost),
        ("", .boardLost),
    ])
    func isUnderstood(text: String, code: FlashkeepError.Code) throws {
        let error = try #require(
            SSHFailure.explain(status: 255, errorText: text, host: "router", address: "ssh://router"))
        #expect(error.code == code)
        #expect(!error.what.isEmpty && !error.why.isEmpty && !error.next.isEmpty)
    }

    @Test func theOldProtocolIsNamed() throws {
        let text = "Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-rsa"
        let error = try #require(SSHFailure.explain(status: 255, errorText: text, host: "r", address: "ssh://r"))
        #expect(error.next.contains("HostKeyAlgorithms=+ssh-rsa"))
    }

    @Test func aDestinationIsNeverAnOption() {
        let arguments = SSHOpener.arguments(SSHOpener.Settings(destination: "-oProxyCommand=x"))
        #expect(arguments.suffix(3) == ["--", "-oProxyCommand=x", "exec sh"])
    }
}
