import FlashModel
import TestBoards
import Testing

@testable import FlashAccess
@testable import UBootFlash

/// Reading continues: after a stop, after resets, over a bad line.
extension UBootFlashAccessTests {
    @Test("Reading resumes within a range", arguments: [Way.mapped, .spiSilent, .nand, .mtdNAND])
    func resume(_ way: Way) async throws {
        let board = Self.board(way, bad: [])
        let expected = board.hardware.expected(0)
        let size = expected.count
        try await with(board) { access in
            for start in [1, 0x1FF, 0x801, 0x1234, size - 1] {
                let got = try await all(access, [start..<size])
                #expect(got.findings.isEmpty, "\(way) \(start): \(got.findings)")
                #expect(Array(got.bytes[start...]) == Array(expected[start...]), "\(way) \(start)")
            }
        }
        #expect(board.simulated.offences.isEmpty, "\(board.simulated.offences.prefix(3))")
    }

    @Test("A reset at every n-th command", arguments: Way.allCases)
    func resets(_ way: Way) async throws {
        for every in [11, 17] {
            let board = Self.board(way, bad: [1])
            board.simulated.schedule(.reset(afterOutput: every * 20), every: every)
            let got = try await with(board) { try await all($0) }
            #expect(got.bytes == board.hardware.expected(0), "\(way) every \(every)")
            #expect(board.simulated.starts > 1)
            #expect(board.simulated.offences.isEmpty)
        }
    }

    @Test("If a watchdog interrupts every dump, its lines still arrive", arguments: [true, false])
    func watchdog(_ hasChecksum: Bool) async throws {
        let content = SimulatedSessions.bytes(0x1_0000)
        let simulated = SimulatedSessions.nor(content) {
            if !hasChecksum { $0.forbid("crc32") }
        }
        let board = Board(simulated: simulated, hardware: simulated.hardware)
        // A dump of 16 KiB has 67,000 characters.
        simulated.schedule(.watchdog(afterOutput: 9_000), every: 1)
        let got = try await with(board) { try await all($0) }
        let isSame = got.bytes == content
        #expect(isSame)
        #expect(got.findings.isEmpty)
        #expect((20...60).contains(simulated.starts), "\(simulated.starts)")
    }

    @Test("A board that restarts at one command before it has printed anything is given up, and the command is named")
    func restartsForEver() async throws {
        let simulated = SimulatedSessions.nor(SimulatedSessions.bytes(0x4000)) { $0.forbid("crc32") }
        let board = Board(simulated: simulated, hardware: simulated.hardware)
        do {
            _ = try await with(board) { access in
                let flash = try await access.survey()
                let partition = try #require(flash.survey.partitions.first)
                // Less than a line of a dump.
                simulated.schedule(.watchdog(afterOutput: 60), every: 1)
                try await flash.reader.read(partition, ranges: [0..<partition.size]) { _ in }
            }
            Issue.record("it was read")
        } catch let error as FlashkeepError {
            // A new connection would not help.
            #expect(error.code == .commandFailed)
            #expect(error.what.contains("\"md."), "\(error.what)")
        }
        #expect(simulated.starts < 10)
    }

    @Test("Bad lines", arguments: [Way.mapped, .spiLong, .spiSilent, .nand, .mtdNAND], [true, false])
    func badLine(_ way: Way, _ hasChecksum: Bool) async throws {
        for seed in [hasChecksum ? 1 : 2] as [UInt64] {
            let board = Self.board(way) { if !hasChecksum { $0.forbid("crc32") } }
            var faults = LineFaults()
            faults.replyRate = 500
            faults.commandRate = 500
            let opener = FaultyOpener(board.simulated, faults, seed: seed)
            let got = try await with(board, over: opener) { access in
                let got = try await all(access)
                #expect(access.retries > 0)
                return got
            }
            #expect(opener.damaged > 0)
            let expected = board.hardware.expected(0)
            let wrong = zip(got.bytes, expected).count { $0 != $1 }
            // Without a checksum, the rest is left to the proof, which reads again.
            #expect(hasChecksum ? wrong == 0 : wrong < 20, "\(way) \(hasChecksum) \(seed): \(wrong)")
            #expect(got.findings.isEmpty, "\(way) \(seed): \(got.findings)")
            #expect(
                board.simulated.offences.allSatisfy { $0.kind == .bareEnter }, "\(board.simulated.offences.prefix(3))")
        }
    }
}
