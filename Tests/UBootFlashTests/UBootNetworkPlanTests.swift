import FlashAccess
import FlashModel
import Testing
import Transfers
import UBootFlash

@Suite("Addresses for TFTP")
struct UBootNetworkPlanTests {
    private static func address(_ text: String) throws -> IPv4Address { try #require(IPv4Address(text)) }

    private static func interface(_ name: String, _ address: String, _ mask: String) throws -> HostInterface {
        HostInterface(name: name, address: try Self.address(address), netmask: try Self.address(mask))
    }

    private static let hardware = "02:11:22:33:44:55"

    // MARK: Addresses

    @Test func addresses() throws {
        for text in ["0.0.0.0", "192.168.1.1", "255.255.255.255", "10.0.2.15", "1.2.3.4"] {
            #expect(IPv4Address(text)?.description == text)
        }
        #expect(IPv4Address("192.168.1.1")?.value == 0xC0A8_0101)
        #expect(IPv4Address("010.1.1.1")?.description == "10.1.1.1")
        for text in [
            "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.-4", "1.2.3.+4", "a.b.c.d", "1..2.3", " 1.2.3.4",
            "1.2.3.4 ", "0001.2.3.4", "1.2.3.4\n", "<NULL>", "١.٢.٣.٤",
        ] {
            #expect(IPv4Address(text) == nil, "\(text)")
        }
    }

    @Test func networks() throws {
        let usual = try Self.interface("eth0", "192.168.1.10", "255.255.255.0")
        for (text, isIn) in [
            ("192.168.1.1", true), ("192.168.1.254", true), ("192.168.1.10", true), ("192.168.1.0", false),
            ("192.168.1.255", false), ("192.168.2.1", false), ("10.0.0.1", false),
        ] {
            #expect(usual.reaches(try Self.address(text)) == isIn, "\(text)")
        }
        let two = try Self.interface("eth0", "10.0.0.0", "255.255.255.254")
        #expect(two.reaches(try Self.address("10.0.0.1")))
        #expect(!two.reaches(try Self.address("10.0.0.2")))
    }

    // MARK: Single cases

    private struct Row: CustomStringConvertible {
        var name: String
        var variables: [String: String] = [:]
        var interfaces = ["192.168.1.2/255.255.255.0"]
        var board: String?
        var host: String?
        /// Board, host, and the variables set; nil is an error.
        var result: (board: String, host: String, set: Set<String>)?
        var code = FlashkeepError.Code.hostUnreachable
        var description: String { name }
    }

    private static let rows: [Row] = [
        Row(
            name: "all fits",
            variables: [
                "ipaddr": "192.168.1.1", "serverip": "192.168.1.2", "netmask": "255.255.255.0", "ethaddr": hardware,
            ],
            result: ("192.168.1.1", "192.168.1.2", [])),
        Row(
            name: "the server is another", variables: ["ipaddr": "192.168.1.1", "serverip": "192.168.1.66"],
            result: ("192.168.1.1", "192.168.1.2", ["serverip", "netmask", "ethaddr"])),
        Row(
            name: "no address at all",
            result: ("192.168.1.242", "192.168.1.2", ["ipaddr", "serverip", "netmask", "ethaddr"])),
        Row(
            name: "0.0.0.0 is none", variables: ["ipaddr": "0.0.0.0", "ethaddr": hardware],
            result: ("192.168.1.242", "192.168.1.2", ["ipaddr", "serverip", "netmask"])),
        Row(
            name: "no number is none", variables: ["ipaddr": "<NULL>", "ethaddr": hardware],
            result: ("192.168.1.242", "192.168.1.2", ["ipaddr", "serverip", "netmask"])),
        Row(name: "another network", variables: ["ipaddr": "10.0.0.1"], result: nil),
        Row(
            name: "another network, and the board's address is given", variables: ["ipaddr": "10.0.0.1"],
            board: "192.168.1.77",
            result: ("192.168.1.77", "192.168.1.2", ["ipaddr", "serverip", "netmask", "ethaddr"])),
        Row(
            name: "another network, and the host's address is given", variables: ["ipaddr": "10.0.0.1"],
            host: "192.168.1.2", result: ("192.168.1.242", "192.168.1.2", ["ipaddr", "serverip", "netmask", "ethaddr"])),
        Row(name: "the host's address is not ours", host: "192.168.1.3", result: nil, code: .addressNotUnderstood),
        Row(name: "the board's address is nowhere", board: "10.1.1.1", result: nil),
        Row(name: "the board's address is ours", board: "192.168.1.2", result: nil, code: .addressNotUnderstood),
        Row(
            name: "both given, of two networks", board: "10.1.1.1", host: "192.168.1.2", result: nil,
            code: .addressNotUnderstood),
        Row(name: "the broadcast", board: "192.168.1.255", result: nil),
        Row(
            name: "the board has our address", variables: ["ipaddr": "192.168.1.2", "ethaddr": hardware],
            result: ("192.168.1.242", "192.168.1.2", ["ipaddr", "serverip", "netmask"])),
        Row(name: "no network", interfaces: [], result: nil),
        Row(name: "loopback alone", interfaces: ["127.0.0.1/255.0.0.0"], result: nil),
        Row(
            name: "loopback does not count", interfaces: ["127.0.0.1/255.0.0.0", "192.168.1.2/255.255.255.0"],
            result: ("192.168.1.242", "192.168.1.2", ["ipaddr", "serverip", "netmask", "ethaddr"])),
        Row(
            name: "two networks and no hint", interfaces: ["192.168.1.2/255.255.255.0", "10.0.0.2/255.0.0.0"],
            result: nil),
        Row(
            name: "two networks, the board is in the second", variables: ["ipaddr": "10.9.9.9", "ethaddr": hardware],
            interfaces: ["192.168.1.2/255.255.255.0", "10.0.0.2/255.0.0.0"],
            result: ("10.9.9.9", "10.0.0.2", ["serverip", "netmask"])),
        Row(
            name: "two networks, the server is in the second",
            variables: ["serverip": "10.0.0.2", "ethaddr": hardware],
            interfaces: ["192.168.1.2/255.255.255.0", "10.0.0.2/255.255.255.0"],
            result: ("10.0.0.242", "10.0.0.2", ["ipaddr", "netmask"])),
        Row(
            name: "the server is ours, the board is elsewhere",
            variables: ["serverip": "192.168.1.2", "ipaddr": "10.0.0.7", "ethaddr": hardware],
            interfaces: ["192.168.1.2/255.255.255.0", "10.0.0.2/255.255.255.0"],
            result: ("10.0.0.7", "10.0.0.2", ["serverip", "netmask"])),
        Row(
            name: "a gateway of another network goes",
            variables: [
                "ipaddr": "192.168.1.1", "serverip": "192.168.1.2", "netmask": "255.255.255.0", "ethaddr": hardware,
                "gatewayip": "10.0.0.1",
            ], result: ("192.168.1.1", "192.168.1.2", ["gatewayip"])),
        Row(
            name: "a gateway of ours stays",
            variables: [
                "ipaddr": "192.168.1.1", "serverip": "192.168.1.2", "netmask": "255.255.255.0", "ethaddr": hardware,
                "gatewayip": "192.168.1.254",
            ], result: ("192.168.1.1", "192.168.1.2", [])),
        Row(
            name: "a network of two", interfaces: ["10.0.0.4/255.255.255.254"],
            result: ("10.0.0.5", "10.0.0.4", ["ipaddr", "serverip", "netmask", "ethaddr"])),
        Row(
            name: "a network of four", interfaces: ["10.0.0.5/255.255.255.252"],
            result: ("10.0.0.6", "10.0.0.5", ["ipaddr", "serverip", "netmask", "ethaddr"])),
        Row(
            name: "where we have the address that would be taken", interfaces: ["192.168.1.242/255.255.255.0"],
            result: ("192.168.1.243", "192.168.1.242", ["ipaddr", "serverip", "netmask", "ethaddr"])),
    ]

    @Test func table() throws {
        for row in Self.rows {
            let interfaces = try row.interfaces.enumerated().map { number, text in
                let parts = text.split(separator: "/").map(String.init)
                return try Self.interface("eth\(number)", parts[0], parts[1])
            }
            do {
                let plan = try UBootNetworkPlan(
                    variables: row.variables, interfaces: interfaces, board: try row.board.map(Self.address),
                    host: try row.host.map(Self.address), hardwareAddress: Self.hardware)
                #expect(plan.board.description == row.result?.board, "\(row)")
                #expect(plan.host.description == row.result?.host, "\(row)")
                #expect(Set(plan.variables.keys) == row.result?.set, "\(row)")
            } catch let error as FlashkeepError {
                #expect(row.result == nil, "\(row): \(error)")
                #expect(error.code == row.code, "\(row): \(error)")
            }
        }
    }

    // MARK: All cases

    /// Properties that hold for every combination of inputs.
    @Test func properties() throws {
        let sets: [[(String, String)]] = [
            [], [("127.0.0.1", "255.0.0.0")], [("192.168.1.2", "255.255.255.0")],
            [("192.168.1.2", "255.255.255.0"), ("10.0.0.2", "255.0.0.0")], [("10.0.0.4", "255.255.255.254")],
            [("10.0.0.5", "255.255.255.252")], [("192.168.1.2", "255.255.255.255")],
            [("192.168.1.2", "255.255.255.0"), ("192.168.1.3", "255.255.255.0")],
        ]
        let boards = [
            nil, "192.168.1.1", "10.0.0.6", "10.0.0.5", "172.16.0.1", "192.168.1.2", "192.168.1.255", "0.0.0.0",
        ]
        let hosts = [nil, "192.168.1.2", "10.0.0.2", "172.16.0.2"]
        let own = [nil, "192.168.1.1", "10.0.0.5", "172.16.0.1", "0.0.0.0", "rubbish", "192.168.1.2"]
        let gateways = [nil, "192.168.1.254", "172.16.0.1", "rubbish"]
        let ethernet = [
            nil, "02:00:00:00:00:01", "00:00:00:00:00:00", "01:00:5e:00:00:01", "02:00:00:00:00", "(not set)",
        ]
        var plans = 0
        var refusals = 0
        for set in sets {
            let interfaces = try set.enumerated().map { try Self.interface("eth\($0)", $1.0, $1.1) }
            for board in boards {
                for host in hosts {
                    for ipaddr in own {
                        for (number, serverip) in own.enumerated() {
                            var variables: [String: String] = [:]
                            variables["ipaddr"] = ipaddr
                            variables["serverip"] = serverip
                            variables["gatewayip"] = gateways[number % gateways.count]
                            variables["ethaddr"] = ethernet[(number + plans) % ethernet.count]
                            let wantedBoard = try board.map(Self.address)
                            let wantedHost = try host.map(Self.address)
                            do {
                                let plan = try UBootNetworkPlan(
                                    variables: variables, interfaces: interfaces, board: wantedBoard, host: wantedHost,
                                    hardwareAddress: Self.hardware)
                                plans += 1
                                let problem = Self.problem(
                                    plan, variables, interfaces, board: wantedBoard, host: wantedHost)
                                #expect(problem == nil, "\(set) \(variables) \(board ?? "-") \(host ?? "-")")
                            } catch {
                                refusals += 1
                                let isUsual =
                                    [.hostUnreachable, .addressNotUnderstood].contains(error.code)
                                    && [error.what, error.why, error.next].allSatisfy { !$0.isEmpty }
                                #expect(isUsual, "\(error)")
                            }
                        }
                    }
                }
            }
        }
        #expect(plans > 500 && refusals > 1_000)
    }

    /// The fault of a plan; nil if there is none.
    private static func problem(
        _ plan: UBootNetworkPlan, _ variables: [String: String], _ interfaces: [HostInterface], board: IPv4Address?,
        host: IPv4Address?
    ) -> String? {
        guard let interface = interfaces.first(where: { $0.address == plan.host }), plan.host.value >> 24 != 127 else {
            return "the host's address is none of ours"
        }
        if let host, host != plan.host { return "the host's address is not what was asked for" }
        if let board, board != plan.board { return "the board's address is not what was asked for" }
        if plan.board == plan.host { return "both have the same address" }
        if interfaces.contains(where: { $0.address == plan.board }) { return "the board has an address of ours" }
        if !interface.reaches(plan.board) { return "they are in different networks" }
        let after = variables.merging(plan.variables) { $1 }
        if after["ipaddr"] != plan.board.description || after["serverip"] != plan.host.description
            || after["netmask"] != interface.netmask.description
        {
            return "the variables are not what was planned"
        }
        if let gateway = after["gatewayip"].flatMap(IPv4Address.init), !interface.reaches(gateway) {
            return "the gateway is elsewhere"
        }
        if plan.variables.contains(where: { variables[$0.key] == $0.value }) {
            return "something is set that is so already"
        }
        if plan.variables["ethaddr"] == nil, variables["ethaddr"] != "02:00:00:00:00:01" {
            return "no hardware address"
        }
        return nil
    }
}
