import FlashAccess
import FlashModel
import Synchronization
import TestSupport
import Testing
import Transfers

@testable import UBootFlash

/// Uploads and the network console, part by part.
@Suite("Uploads from U-Boot") struct UBootTransferTests {
    // MARK: The board's commands

    private static func help(_ text: String) throws -> UBootHelp { try #require(UBootHelp(UBootReply(text: text))) }

    @Test("tftpput by its name in help")
    func tftpput() throws {
        let command = TFTPPutCommand()
        let with = try Self.help(
            "tftpboot- boot image\r\ntftpput - TFTP put command, for uploading files to a server\r\n")
        #expect(command.question(with) == nil)
        #expect(command.isOffered(with, answer: nil))
        #expect(!command.isOffered(try Self.help("tftpboot- load file via network\r\n"), answer: nil))
        let line = try command.line(UBootCommands(), from: 0xBE06_0000, count: 0x20000, file: "up.bin")
        #expect(line == "tftpput be060000 20000 up.bin")
    }

    @Test("The vendor's tftp by its help, in all known forms")
    func vendorTFTP() throws {
        let command = VendorTFTPCommand()
        for text in [
            "tftp    - tftp  - download or upload image via network using TFTP protocol\r\n",
            "tftp    - download or upload image via network using TFTP protocol\r\n",
            "tftp    - tftp\t- download or upload image via network using TFTP protocol\r\n",
        ] {
            let help = try Self.help(text)
            #expect(command.question(help) == nil)
            #expect(command.isOffered(help, answer: nil), "\(text)")
        }
        let short = try Self.help("tftp    - network file\r\nversion - print version\r\n")
        #expect(command.question(short) == "help tftp")
        #expect(!command.isOffered(short, answer: nil))
        #expect(!command.isOffered(short, answer: UBootReply(text: "tftp - boot image via network\r\n")))
        #expect(command.isOffered(short, answer: UBootReply(text: "tftp addr file [size]: Upload with a size\r\n")))
        let none = try Self.help("tftpboot- upload\r\n")
        #expect(command.question(none) == nil)
        #expect(!command.isOffered(none, answer: UBootReply(text: "upload")))
        let line = try command.line(UBootCommands(), from: 0x8200_0000, count: 0x100_0000, file: "fk")
        #expect(line == "tftp 0x82000000 fk 0x1000000")
    }

    @Test("nc in coninfo, old and new")
    func console() {
        for (text, isListed) in [
            (
                "List of available devices:\r\nserial   80000003 SIO stdin stdout stderr \r\nnc       80000003 SIO \r\n",
                true
            ),
            ("List of available devices\r\n|-- serial (IO)\r\n|   |-- stdin\r\n|-- nc (IO)\r\n", true),
            ("List of available devices\r\n|-- sync (IO)\r\n|-- ncx (IO)\r\n|   |-- nc\r\n", false),
            ("", false),
        ] {
            #expect(UBootNetworkConsole.isListed(UBootReply(text: text)) == isListed, "\(text)")
        }
    }

    @Test("Network commands contain nothing that another parser would split")
    func lines() throws {
        let lines = UBootCommands()
        #expect(try lines.standardOutput("nc") == "setenv stdout nc")
        #expect(try lines.ping("192.168.1.2") == "ping 192.168.1.2")
        #expect(throws: UBootCommandFault.self) { try lines.standardOutput("serial;saveenv") }
        #expect(throws: UBootCommandFault.self) { try lines.ping("$serverip") }
        #expect(throws: UBootCommandFault.self) { try lines.vendorTFTPPut(from: .max, count: 2, file: "f") }
        #expect(throws: UBootCommandFault.self) { try lines.vendorTFTPPut(from: 0, count: 0, file: "f") }
    }

    @Test("After a reset all variables are set, including those of an earlier connection")
    func allVariables() throws {
        let interfaces = [
            HostInterface(
                name: "eth0", address: try #require(IPv4Address("192.168.1.2")),
                netmask: try #require(IPv4Address("255.255.255.0")))
        ]
        let plan = try UBootNetworkPlan(
            variables: [
                "ipaddr": "192.168.1.1", "serverip": "192.168.1.2", "netmask": "255.255.255.0",
                "ethaddr": "02:00:00:00:00:01",
            ], interfaces: interfaces, hardwareAddress: "02:11:22:33:44:55")
        #expect(plan.variables.isEmpty)
        #expect(
            plan.allVariables == [
                "ipaddr": "192.168.1.1", "serverip": "192.168.1.2", "netmask": "255.255.255.0",
                "ethaddr": "02:00:00:00:00:01",
            ])
        #expect(UBootNetworkPlan.hardwareAddress("xyzABCDE") == "02:41:42:43:44:45")
    }

    // MARK: Checked uploads

    /// Memory whose uploads and checksums have random errors.
    private final class Memory {
        var bytes: [UInt8]
        var random: SplitMix64
        /// One in this many uploads is damaged, and one in this many sums.
        var rate: Int?
        var fetched = 0

        init(_ count: Int, seed: UInt64, rate: Int?) {
            random = SplitMix64(state: seed)
            bytes = (0..<count).map { _ in 0 }
            for place in bytes.indices { bytes[place] = UInt8.random(in: 0...255, using: &random) }
            self.rate = rate
        }

        private func isHit() -> Bool { rate.map { Int.random(in: 0..<$0, using: &random) == 0 } ?? false }

        func fetch(_ address: UInt64, _ count: Int) -> [UInt8] {
            fetched += count
            var part = Array(bytes[Int(address)..<Int(address) + count])
            if isHit() { part[Int.random(in: 0..<count, using: &random)] ^= 1 }
            return part
        }

        func checksum(_ address: UInt64, _ count: Int) -> UInt32 {
            CRC32.sum(of: bytes[Int(address)..<Int(address) + count]) ^ (isHit() ? 0x10 : 0)
        }
    }

    @Test("Without faults each byte is transferred once with a checksum, and twice without")
    func cheapest() async throws {
        for hasChecksum in [true, false] {
            let memory = Memory(100_003, seed: 1, rate: nil)
            var checked = CheckedUpload(
                fetch: { memory.fetch($0, $1) }, checksum: hasChecksum ? { memory.checksum($0, $1) } : nil)
            #expect(try await checked.bytes(at: 0, count: 100_003) == .settled(memory.bytes))
            #expect(memory.fetched == 100_003 * (hasChecksum ? 1 : 2))
            #expect(checked.repeats == 0)
        }
    }

    @Test("Damaged uploads and sums end in the correct bytes", arguments: 1...40)
    func erring(_ seed: Int) async throws {
        let count = [1, 4095, 4096, 4097, 65_536, 300_001][seed % 6]
        let memory = Memory(count, seed: UInt64(seed), rate: 3)
        var checked = CheckedUpload(fetch: { memory.fetch($0, $1) }, checksum: { memory.checksum($0, $1) })
        let arrival = try await checked.bytes(at: 0, count: count)
        #expect(arrival == .settled(memory.bytes), "seed \(seed)")
    }

    @Test("A byte that changes each time does not stop the rest, and costs little")
    func unstable() async throws {
        for hasChecksum in [true, false] {
            let memory = Memory(1 << 20, seed: 2, rate: nil)
            let flicker = 0x54321
            var checked = CheckedUpload(
                fetch: { address, count in
                    memory.bytes[flicker] &+= 1
                    return memory.fetch(address, count)
                },
                checksum: hasChecksum
                    ? { address, count in
                        memory.bytes[flicker] &+= 1
                        return memory.checksum(address, count)
                    } : nil)
            guard case .unsettled(let bytes) = try await checked.bytes(at: 0, count: 1 << 20) else {
                Issue.record("it is taken for settled")
                continue
            }
            #expect(bytes.count == 1 << 20)
            for place in bytes.indices where place != flicker && bytes[place] != memory.bytes[place] {
                Issue.record("\(place) is another")
                break
            }
            // Each size on the way down is fetched a few times, and the other half of it once or twice.
            #expect(memory.fetched <= 9 << 20, "\(memory.fetched)")
        }
    }

    @Test("Errors of an upload are rethrown")
    func thrown() async throws {
        struct Fault: Error {}
        var checked = CheckedUpload(fetch: { _, _ in throw Fault() }, checksum: nil)
        await #expect(throws: Fault.self) { try await checked.bytes(at: 0, count: 10) }
    }
}
