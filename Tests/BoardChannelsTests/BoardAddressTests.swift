import BoardChannels
import FlashModel
import Testing

@Suite struct BoardAddressTests {
    @Test(arguments: [
        ("root@192.168.1.1", BoardAddress.ssh(destination: "root@192.168.1.1", port: nil)),
        ("router", .ssh(destination: "router", port: nil)),
        ("root@[::1]", .ssh(destination: "root@::1", port: nil)),
        ("root@fe80::1%eth0", .ssh(destination: "root@fe80::1%eth0", port: nil)),
        ("ssh:alias", .ssh(destination: "alias", port: nil)),
        ("ssh://root@router:2222", .ssh(destination: "root@router", port: 2222)),
        ("ssh://router/", .ssh(destination: "router", port: nil)),
        ("telnet://192.168.1.1", .telnet(user: nil, host: "192.168.1.1", port: 23)),
        ("telnet://admin@[fe80::1%eth0]:2323", .telnet(user: "admin", host: "fe80::1%eth0", port: 2323)),
        ("tcp://server:2001", .tcp(user: nil, host: "server", port: 2001)),
        ("serial:/dev/ttyUSB0", .serial(path: "/dev/ttyUSB0", baud: 115_200, user: nil)),
        ("serial:/dev/ttyUSB0?baud=57600&user=admin", .serial(path: "/dev/ttyUSB0", baud: 57_600, user: "admin")),
        ("local:", .local),
    ])
    func understood(text: String, expected: BoardAddress) throws {
        #expect(try BoardAddress(text) == expected)
    }

    @Test(arguments: [
        "", "-oProxyCommand=x", "ssh:-l", "ssh://-x", "telnet://", "telnet://host:0", "telnet://host:99999",
        "telnet://fe80::1", "tcp://host", "serial:", "serial:/dev/ttyS0?baud=fast", "serial:/dev/ttyS0?parity=even",
        "/dev/ttyUSB0", "gopher://host", "ssh://root:secret@host", "two words", "telnet://[::1",
        "telnet:127.0.0.1", "tcp:127.0.0.1:1", "ftp:foo", "local:foo", "root@", "@host", "telnet:", "root@[::1",
    ])
    func refused(text: String) {
        #expect(throws: FlashkeepError(.addressNotUnderstood, what: "", why: "", next: "")) {
            _ = try BoardAddress(text)
        }
    }

    @Test(arguments: BoardAddress.examples)
    func theExamplesWork(text: String) throws {
        _ = try BoardAddress(text)
    }
}
