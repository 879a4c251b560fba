import BoardChannels
import FlashModel
import Synchronization
import TestBoards
import TestSupport
import Testing

@testable import FlashAccess
@testable import UBootFlash

/// Flash read through a simulated U-Boot over the network, with the same contract as over the line.
@Suite("Flash through U-Boot, over the network", .serialized)
struct UBootNetworkAccessTests {
    /// Gives every connection a second input, and keeps the last one.
    private final class Merging: ChannelOpening {
        private let below: any ChannelOpening
        private let last = Mutex<MergedChannel?>(nil)

        init(_ below: any ChannelOpening) {
            self.below = below
        }

        var traits: ChannelTraits { below.traits }
        var channel: MergedChannel? { last.withLock { $0 } }

        func withChannel<Result: Sendable>(
            _ body: (any BoardChannel) async throws -> Result
        ) async throws -> Result {
            try await below.withChannel { line in
                let merged = MergedChannel(line)
                last.withLock { $0 = merged }
                return try await body(merged)
            }
        }
    }

    private static func board(
        _ way: UBootFlashAccessTests.Way, _ change: (inout UBootScenario) -> Void = { _ in }
    ) -> UBootFlashAccessTests.Board {
        UBootFlashAccessTests.board(way) { scenario in
            scenario.allow("tftpput", "coninfo", "ping")
            scenario.variables["ipaddr"] = "192.168.1.1"
            scenario.network = UBootScenario.Network()
            scenario.hardware.readsOOB = true
            change(&scenario)
        }
    }

    private func with<Result: Sendable>(
        _ board: UBootFlashAccessTests.Board, via: UBootReadMethod?, _ body: (UBootFlashAccess) async throws -> Result
    ) async throws -> Result {
        let opener = Merging(board.simulated)
        return try await SimulatedSessions.with(board.simulated, over: opener) { session in
            let channel = try #require(opener.channel)
            let computer = SimulatedNetworkHost(board.simulated, channel)
            let settings = UBootNetworkSettings(via: via, nonce: { "abcdefgh12345678" })
            let access = UBootFlashAccess(session, store: ContentStore(), network: (computer, settings))
            let result = try await body(access)
            await access.end()
            #expect(!board.simulated.printsToNetwork)
            return result
        }
    }

    @Test(
        "The contract holds", arguments: UBootFlashAccessTests.Way.allCases, [UBootReadMethod.tftpput, .netconsole])
    func contract(_ way: UBootFlashAccessTests.Way, _ via: UBootReadMethod) async throws {
        for hasChecksum in [true, false] where hasChecksum || [.mapped, .mtdNAND].contains(way) {
            let board = Self.board(way) { if !hasChecksum { $0.forbid("crc32") } }
            try await with(board, via: via) { access in
                let flash = try await access.survey()
                let problems = try await FlashContract.problems(board.hardware, flash)
                #expect(problems.isEmpty, "\(way), \(via), crc32 \(hasChecksum): \(problems.prefix(3))")
                #expect(access.usesNetwork)
                #expect(flash.transfer.transferName.hasPrefix(via == .tftpput ? "tftpput" : "md over netconsole"))
            }
            #expect(board.simulated.offences.isEmpty, "\(board.simulated.offences.prefix(3))")
            #expect(board.simulated.starts == 1)
            #expect(board.simulated.hardware.chips.values.first?.bytes == board.hardware.chips.values.first?.bytes)
            let dumps = board.simulated.commands.count { $0.hasPrefix("md") }
            #expect(via == .tftpput ? dumps == 0 : dumps > 0)
        }
    }

    @Test("An unreadable part of serial flash does not affect the rest")
    func unreadable() async throws {
        let board = Self.board(.spiLong) { scenario in
            var flash = SimulatedHardware.Flash("spi0", kind: .spiNOR, blocks: 48, blockSize: 0x1000, seed: 9)
            flash.unreadable = [0x11000..<0x11001]
            scenario.hardware.chips["spi0"] = flash
            scenario.hardware.devices = [flash.device(0, "spi0", 0..<48)]
        }
        let (bytes, findings) = try await with(board, via: .tftpput) { access in
            let flash = try await access.survey()
            let partition = try #require(flash.survey.partitions.first)
            var bytes: [UInt8] = []
            var findings: [BlockFinding] = []
            try await flash.reader.read(partition, ranges: [0..<partition.size]) {
                bytes += $0.bytes
                findings += $0.findings
            }
            return (bytes, findings)
        }
        let flash = try #require(board.hardware.chips["spi0"])
        #expect(bytes.count == flash.bytes.count)
        #expect(findings.map(\.range) == [0x10000..<0x20000] && findings.first?.state == .unread)
        for place in bytes.indices where !findings.contains(where: { $0.range.contains(place) }) {
            #expect(bytes[place] == flash.bytes[place])
        }
    }
}
