import BoardAccess
import FlashAccess
import FlashModel
import Testing

@Suite struct AddressSchemesTests {
    private static let parsed: [(String, any AddressScheme)] = [
        ("root@192.168.1.1", SSHAddress(destination: "root@192.168.1.1", port: nil)),
        ("router", SSHAddress(destination: "router", port: nil)),
        ("root@[::1]", SSHAddress(destination: "root@::1", port: nil)),
        ("root@fe80::1%eth0", SSHAddress(destination: "root@fe80::1%eth0", port: nil)),
        ("ssh:alias", SSHAddress(destination: "alias", port: nil)),
        ("ssh://root@router:2222", SSHAddress(destination: "root@router", port: 2222)),
        ("ssh://router/", SSHAddress(destination: "router", port: nil)),
        ("telnet://192.168.1.1", TelnetAddress(user: nil, host: "192.168.1.1", port: 23)),
        ("telnet://admin@[fe80::1%eth0]:2323", TelnetAddress(user: "admin", host: "fe80::1%eth0", port: 2323)),
        ("tcp://server:2001", TCPAddress(user: nil, host: "server", port: 2001)),
        ("serial:/dev/ttyUSB0", SerialAddress(path: "/dev/ttyUSB0", baud: 115_200, user: nil)),
        ("serial:/dev/ttyUSB0?baud=57600&user=admin", SerialAddress(path: "/dev/ttyUSB0", baud: 57_600, user: "admin")),
        ("local:", LocalAddress()), ("[::1]", SSHAddress(destination: "::1", port: nil)),
        ("TELNET://192.168.1.1", TelnetAddress(host: "192.168.1.1")),
        ("serial:ttyUSB0", SerialAddress(path: "/dev/ttyUSB0")),
        ("http://192.168.1.1/mtd_backup/", HTTPAddress(host: "192.168.1.1", path: "/mtd_backup/")),
        (
            "HTTPS://root@[fe80::1%eth0]:8443",
            HTTPAddress(user: "root", host: "fe80::1%eth0", port: 8443, isSecure: true)
        ),
        ("http://board?x=1", HTTPAddress(host: "board", path: "/?x=1")),
        ("luci://root@192.168.1.1", LuCIAddress(user: "root", host: "192.168.1.1")),
        ("luci://192.168.1.1:443/", LuCIAddress(host: "192.168.1.1", port: 443, isSecure: true)),
        ("LuCI+HTTPS://board", LuCIAddress(host: "board", isSecure: true)),
        ("eva://192.168.178.1", EVAAddress(host: "192.168.178.1")), ("eva://", EVAAddress(host: nil)),
        ("EVA://[fe80::1%eth0]:2121/", EVAAddress(host: "fe80::1%eth0", port: 2121)),
        ("Serial:/dev/ttyS0?baud=9600", SerialAddress(path: "/dev/ttyS0", baud: 9_600)),
    ]

    /// What is an address elsewhere gets the line to type here.
    @Test(arguments: [
        ("[::1]:22", "ssh://[::1]:22"), ("root@host:/etc", "root@host"), ("host:/tmp/x", "host"),
        ("telnet:192.168.1.1", "telnet://192.168.1.1"), ("tcp:server:2001", "tcp://server:2001"),
        ("http:192.168.1.1", "http://192.168.1.1"), ("luci:192.168.1.1", "luci://192.168.1.1"),
        ("telnet:/192.168.1.1", "telnet://192.168.1.1"), ("ttyUSB0", "serial:/dev/ttyUSB0"),
        ("ttyACM1", "serial:/dev/ttyACM1"), ("COM3", "flashkeep ports"), ("/dev/ttyUSB0", "serial:/dev/ttyUSB0"),
        ("serial:/dev/ttyUSB0:57600", "serial:/dev/ttyUSB0?baud=57600"), ("192.168.1.1/24", "192.168.1.1"),
        ("ftp://192.168.178.1", "eva://192.168.178.1"), ("ftp://adam2@fritz.box:21", "eva://fritz.box"),
        ("eva:192.168.178.1", "eva://192.168.178.1"), ("eva://adam2@192.168.178.1", "eva://192.168.178.1"),
        ("root@192.168.1.1/24", "root@192.168.1.1"), ("root@host:22", "ssh://root@host:22"),
    ])
    func whatIsMeantElsewhere(text: String, line: String) {
        let error = #expect(throws: FlashkeepError.self) { try AddressSchemes.parse(text) }
        #expect(error?.why.contains(line) == true, "\(error?.why ?? "")")
    }

    @Test(arguments: parsed)
    func understood(text: String, expected: any AddressScheme) throws {
        #expect(try AddressSchemes.parse(text).equals(expected))
    }

    @Test(arguments: [
        "", "-oProxyCommand=x", "ssh:-l", "ssh://-x", "telnet://", "telnet://host:0", "telnet://host:99999",
        "telnet://fe80::1", "tcp://host", "serial:", "serial:/dev/ttyS0?baud=fast", "serial:/dev/ttyS0?parity=even",
        "/dev/ttyUSB0", "gopher://host", "ssh://root:secret@host", "two words", "telnet://[::1",
        "telnet:127.0.0.1", "tcp:127.0.0.1:1", "ftp:foo", "local:foo", "root@", "@host", "telnet:", "root@[::1",
        "http://", "http:///x", "https://host:0/", "http://root:secret@host/", "luci://", "luci://host/admin",
        "luci+http://host", "http://host/a b", "http://host/é", "luci://root:secret@host",
        "eva://host:0", "eva://host/mtd1", "ftp://", "eva://adam2:adam2@host",
    ])
    func refused(text: String) {
        #expect(throws: FlashkeepError(.addressNotUnderstood, what: "", why: "", next: "")) {
            _ = try AddressSchemes.parse(text)
        }
    }

    @Test(arguments: AddressSchemes.forms.map(\.example))
    func theExamplesWork(text: String) throws {
        _ = try AddressSchemes.parse(text)
    }

    @Test(arguments: [
        "root:pw@host", "telnet://root:pw@host", "ssh://root:pw@host:22", "tcp://a:pw@host:1", "http://root:pw@host",
        "luci://root:pw@host",
    ])
    func aPasswordIsRefusedAndNotRepeated(text: String) {
        let error = #expect(throws: FlashkeepError.self) { try AddressSchemes.parse(text) }
        #expect(error?.why.contains("password") == true)
        #expect(error?.what.contains("pw") == false)
        #expect(error?.what.contains(":***@host") == true)
    }

    @Test func aPortNeedsItsForm() throws {
        let error = #expect(throws: FlashkeepError.self) { try AddressSchemes.parse("root@host:2222") }
        #expect(error?.why == "With a port, write ssh://root@host:2222.")
        #expect(try AddressSchemes.parse("root@fe80::1") as? SSHAddress == SSHAddress(destination: "root@fe80::1"))
        #expect(
            try AddressSchemes.parse("ssh://root@host:2222") as? SSHAddress
                == SSHAddress(destination: "root@host", port: 2222))
    }

    @Test("Network options are checked for every address", arguments: ["local:", "root@board", "tcp://server:1"])
    func networkOptions(address: String) {
        for network in [NetworkOptions(boardIP: "x"), NetworkOptions(hostIP: "1.2.3")] {
            var options = ConnectionOptions()
            options.network = network
            let error = #expect(throws: FlashkeepError.self) {
                _ = try BoardConnection(
                    address: address, options: options, environment: LiveEnvironment.make(version: "test"),
                    interaction: UserInteraction())
            }
            #expect(error?.code == .usage)
        }
    }

    @Test(
        "A method of sending flash is refused where there is none",
        arguments: ["local:", "http://board/", "luci://board", "eva://board"])
    func transferMethod(address: String) {
        var options = ConnectionOptions()
        options.network = NetworkOptions(via: TransferMethodName("nc"))
        let error = #expect(throws: FlashkeepError.self) {
            _ = try BoardConnection(
                address: address, options: options, environment: LiveEnvironment.make(version: "test"),
                interaction: UserInteraction())
        }
        #expect(error?.code == .usage && error?.what.hasPrefix("--via nc") == true)
    }

    @Test("RedBoot's port is a console, on which its options are allowed")
    func redBootOverTelnet() {
        #expect(TelnetAddress(host: "192.168.1.1", port: 9_000).isConsole)
        #expect(!TelnetAddress(host: "192.168.1.1").isConsole)
    }

    @Test("Options that are for other boards, and a key that is none")
    func webOptions() {
        let changes: [@Sendable (inout ConnectionOptions) -> Void] = [
            { $0.uboot.lineRate = "auto" }, { $0.uboot.flash = ["nor:0+1M"] }, { $0.uboot.ram = "0+1M" },
            { $0.http.serverKey = "sha256//short" },
            { $0.http.serverKey = "md5//" + String(repeating: "A", count: 44) },
        ]
        for address in ["http://board/", "luci://board", "eva://board"] {
            for change in changes.prefix(address.hasPrefix("eva") ? 3 : changes.count) {
                var options = ConnectionOptions()
                change(&options)
                let error = #expect(throws: FlashkeepError.self) {
                    _ = try BoardConnection(
                        address: address, options: options, environment: LiveEnvironment.make(version: "test"),
                        interaction: UserInteraction())
                }
                #expect(error?.code == .usage)
            }
        }
    }

    // MARK: A new scheme

    /// All that a new scheme needs: a type, and its entry in the list.
    private struct FileAddress: AddressScheme {
        static let forms = [AddressForm("file:dump.bin", "a dump, as if it were a chip")]
        let path: String
        var user: String? { nil }
        var isConsole: Bool { false }

        static func parse(_ text: String) throws(AddressFault) -> FileAddress? {
            text.hasPrefix("file:") ? FileAddress(path: String(text.dropFirst(5))) : nil
        }

        func connector(_ context: ConnectionContext) throws -> any BoardConnector { throw AddressFault(context.typed) }
    }

    @Test func aNewSchemeIsATypeAndALine() throws {
        let schemes = [FileAddress.self] + AddressSchemes.all
        #expect(try AddressSchemes.parse("file:x", schemes: schemes).equals(FileAddress(path: "x")))
        #expect(try AddressSchemes.parse("local:", schemes: schemes).equals(LocalAddress()))
        #expect(throws: AddressFault("file:x")) {
            _ = try BoardConnection(
                address: "file:x", options: ConnectionOptions(), environment: LiveEnvironment.make(version: "test"),
                interaction: UserInteraction(), schemes: schemes)
        }
    }
}

extension AddressScheme {
    fileprivate func equals(_ other: any AddressScheme) -> Bool { (other as? Self) == self }
}
