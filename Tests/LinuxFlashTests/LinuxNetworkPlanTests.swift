import BoardChannels
import LinuxFlash
import SystemPackage
import TestSupport
import Testing
import Transfers

/// The addresses over which a board may reach this computer.
struct LinuxNetworkPlanTests {
    private static func address(_ text: String) throws -> IPv4Address { try #require(IPv4Address(text)) }

    private static func interface(_ name: String, _ text: String, _ mask: String) throws -> HostInterface {
        HostInterface(name: name, address: try address(text), netmask: try address(mask))
    }

    private static func interfaces() throws -> [HostInterface] {
        [
            try interface("lo", "127.0.0.1", "255.0.0.0"), try interface("eth0", "192.168.1.2", "255.255.255.0"),
            try interface("wlan0", "10.1.2.3", "255.255.0.0"),
        ]
    }

    private static func plans(
        host: String? = nil, board: String? = nil, console: NetworkEnds? = nil, own: [String] = []
    ) throws -> [LinuxNetworkPlan] {
        LinuxNetworkPlan.candidates(
            host: try host.map(address), board: try board.map(address), console: console,
            boardAddresses: try own.map(address), interfaces: try interfaces())
    }

    private static func plan(_ host: String, _ listens: String, _ senders: String...) throws -> LinuxNetworkPlan {
        LinuxNetworkPlan(
            host: try address(host), listensAt: try address(listens), senders: Set(try senders.map(address)))
    }

    @Test func theConsolesOwnConnectionShowsBothAddresses() throws {
        let ends = NetworkEnds(local: "192.168.1.2", peer: "192.168.1.1")
        #expect(
            try Self.plans(console: ends, own: ["127.0.0.1", "192.168.1.1"]) == [
                try Self.plan("192.168.1.2", "192.168.1.2", "192.168.1.1")
            ])
    }

    @Test func aForwardedPortSaysNothing() throws {
        let ends = NetworkEnds(local: "127.0.0.1", peer: "127.0.0.1")
        #expect(try Self.plans(console: ends, own: ["10.0.2.15"]).isEmpty)
        // The user knows the address behind it.
        #expect(
            try Self.plans(host: "10.0.2.2", console: ends, own: ["10.0.2.15"]) == [
                try Self.plan("10.0.2.2", "0.0.0.0", "127.0.0.1")
            ])
    }

    @Test func onASerialLineTheBoardsNetworksAreCompared() throws {
        #expect(
            try Self.plans(own: ["127.0.0.1", "10.1.7.7", "172.16.0.1", "192.168.1.1"]) == [
                try Self.plan("192.168.1.2", "192.168.1.2", "192.168.1.1"),
                try Self.plan("10.1.2.3", "10.1.2.3", "10.1.7.7"),
            ])
        // A board with this computer's own address is another computer's.
        #expect(try Self.plans(own: ["192.168.1.2", "172.16.0.1"]).isEmpty)
        #expect(try Self.plans().isEmpty)
    }

    @Test func whatTheUserSaysComesFirst() throws {
        #expect(
            try Self.plans(host: "192.168.1.2", own: ["192.168.1.1"]) == [
                try Self.plan("192.168.1.2", "192.168.1.2", "192.168.1.1")
            ])
        #expect(
            try Self.plans(host: "203.0.113.9", board: "198.51.100.4", own: ["192.168.1.1"]) == [
                try Self.plan("203.0.113.9", "0.0.0.0", "198.51.100.4")
            ])
        #expect(
            try Self.plans(board: "198.51.100.4", own: ["192.168.1.1"]) == [
                try Self.plan("192.168.1.2", "192.168.1.2", "198.51.100.4")
            ])
        // Nobody knows from where the board comes.
        #expect(try Self.plans(host: "203.0.113.9").isEmpty)
    }

    @Test func addressesInWhatBoardsPrint() throws {
        let ip = """
            1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000
                inet 127.0.0.1/8 scope host lo
                   valid_lft forever preferred_lft forever
            4: br-lan: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue qlen 1000
                inet 192.168.1.1/24 brd 192.168.1.255 scope global br-lan
            5: ppp0: <POINTOPOINT,UP> mtu 1492
                inet 10.9.8.7 peer 10.9.8.1/32 scope global ppp0
            """
        #expect(LinuxNetworkPlan.addresses(in: ip).map(\.description) == ["127.0.0.1", "192.168.1.1", "10.9.8.7"])
        let ifconfig = """
            br-lan    Link encap:Ethernet  HWaddr 00:11:22:33:44:55\r
                      inet addr:192.168.1.1  Bcast:192.168.1.255  Mask:255.255.255.0\r
                      inet6 addr: fe80::211:22ff:fe33:4455/64 Scope:Link\r
            lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536
                    inet 127.0.0.1  netmask 255.0.0.0
            x         inet addr:192.168.1.1  inet 1.2.3
                      inet addr:999.1.1.1
                      inet 0.0.0.0
            """
        #expect(LinuxNetworkPlan.addresses(in: ifconfig).map(\.description) == ["192.168.1.1", "127.0.0.1"])
        #expect(LinuxNetworkPlan.addresses(in: "").isEmpty)
    }

    /// The counters of ifconfig never come twice; on an unreliable line only a reply that does is believed.
    @Test func theAddressesOfIfconfigAreTheSameTwice() async throws {
        let folder = try ScratchFolder()
        try folder.write(
            """
            #!/bin/sh
            echo x >>\(folder.path)/calls
            echo "eth0  Link encap:Ethernet  HWaddr 00:11:22:33:44:55"
            echo "      inet addr:192.168.1.1  Bcast:192.168.1.255  Mask:255.255.255.0"
            echo "      RX packets:$(wc -l <\(folder.path)/calls) errors:0"

            """, "ifconfig")
        let command = LinuxNetworkPlan.addressCommand(
            LinuxToolbox(invocations: ["ip": "false", "ifconfig": "sh \(folder.path)/ifconfig"]))
        let script = """
            cd \(folder.path)
            (\(command)) >1
            (\(command)) >2
            cmp 1 2 && [ "$(cat 1)" = "inet addr:192.168.1.1  Bcast:192.168.1.255  Mask:255.255.255.0" ]
            """
        #expect(try await TestProgram.run("/bin/sh", ["-c", script]))
    }
}
