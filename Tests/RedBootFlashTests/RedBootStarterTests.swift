import BoardConsoles
import FlashModel
import TestBoards
import TestSupport
import Testing
import Transfers

@testable import RedBootFlash

/// Starting an image from a simulated RedBoot.
@Suite("Starting images from RedBoot", .serialized)
struct RedBootStarterTests {
    private static func board(_ change: @Sendable (inout RedBootScenario) -> Void = { _ in }) -> SimulatedRedBoot {
        SimulatedRedBootSessions.recorded {
            $0.network = RedBootScenario.Network()
            $0.allowsStart = true
            change(&$0)
        }
    }

    private static func addresses() throws -> BoardAddresses {
        let host = try #require(IPv4Address("192.168.1.2"))
        return try BoardAddresses(
            board: nil, host: nil, ownBoard: IPv4Address("192.168.1.1"), ownServer: host,
            interfaces: [
                HostInterface(name: "eth0", address: host, netmask: try #require(IPv4Address("255.255.255.0")))
            ])
    }

    @Test("By exec and by go, and nothing is written", arguments: [RedBootStarter.Start.execute, .go])
    func starts(_ start: RedBootStarter.Start) async throws {
        let image = SplitMix64.bytes(0x4321, seed: 8)
        let sum = StreamingChecksum.digest(of: image, .cksum).hex
        let board = Self.board()
        board.withFiles { $0.offered["kernel"] = image }
        try await SimulatedRedBootSessions.with(board) { session in
            let starter = try await RedBootStarter.learn(session)
            #expect(starter.refusal(start, file: "kernel") == nil)
            let addresses = try Self.addresses()
            try await starter.set(addresses)
            let memory = try starter.facts.freeMemory(image.count).lowerBound
            let loaded = try await starter.load(
                "kernel", to: memory, size: image.count, sum: sum, from: addresses.host)
            #expect(loaded == .done)
            let missing = try await starter.load("none", to: memory, size: 1, sum: sum, from: addresses.host)
            #expect(missing == .failed("Can't load 'none': file not found"))
            let again = try await starter.load(
                "kernel", to: memory, size: image.count, sum: "00000000", from: addresses.host)
            #expect(again == .damaged)
            try await starter.start(start, at: memory, size: image.count)
        }
        #expect(board.offences.isEmpty, "\(board.offences)")
        #expect(board.commands.last?.hasPrefix(start == .go ? "go 0x80" : "exec 0x80") == true)
    }

    @Test("What does not start is an error, and RedBoot still answers")
    func fails() async throws {
        let board = Self.board()
        try await SimulatedRedBootSessions.with(board) { session in
            let starter = try await RedBootStarter.learn(session)
            await #expect(throws: FlashkeepError.self) {
                try await starter.start(.execute, at: 0x8010_0000, size: 1)
            }
            _ = try await session.ask("cache")
        }
        for change in [{ $0.network = nil }, { $0.missing = ["exec"] }] as [@Sendable (inout RedBootScenario) -> Void] {
            let poor = Self.board(change)
            try await SimulatedRedBootSessions.with(poor) { session in
                let starter = try await RedBootStarter.learn(session)
                #expect(starter.refusal(.execute, file: "kernel")?.code == .toolMissing)
            }
        }
    }
}
