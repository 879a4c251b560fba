import FlashModel
import TestBoards
import Testing

@testable import FlashAccess
@testable import UBootFlash

/// Bad blocks, and unreadable flash.
extension UBootFlashAccessTests {
    @Test("Bad blocks are never read, and nothing shifts", arguments: [Way.nand, .mtdNAND])
    func badBlocks(_ way: Way) async throws {
        for bad in [[0], [7], [1, 2], [0, 7], [3, 4, 5]] as [Set<Int>] {
            let board = Self.board(way, bad: bad)
            let got = try await with(board) { try await all($0) }
            #expect(got.bytes == board.hardware.expected(0), "\(bad)")
            #expect(got.findings.isEmpty)
        }
    }

    @Test("A block that went bad since the survey is unread, and not replaced by the next one")
    func wentBad() async throws {
        let board = Self.board(.nand, bad: [])
        let got = try await with(board) { access in
            _ = try await access.survey()
            // After this survey, its list of bad blocks becomes outdated.
            let flash = try await access.survey()
            let partition = try #require(flash.survey.partitions.first)
            board.simulated.change { $0.hardware.chips["nand0"]?.badBlocks = [3] }
            var bytes: [UInt8] = []
            var findings: [BlockFinding] = []
            try await flash.reader.read(partition, ranges: [0..<partition.size]) { chunk in
                bytes += chunk.bytes
                findings += chunk.findings
            }
            return (bytes, findings)
        }
        var expected = board.hardware.expected(0)
        expected.replaceSubrange(0xC00..<0x1000, with: [UInt8](repeating: 0xFF, count: 0x400))
        #expect(got.0 == expected)
        #expect(got.1.map(\.range) == [0xC00..<0x1000])
        #expect(got.1.map(\.state) == [.unread])
    }

    @Test(
        "Unreadable flash is a finding, and the rest is read",
        arguments: [Way.nand, .mtdNAND, .spiShort, .spiLong, .spiSilent, .mtdSPI])
    func unreadable(_ way: Way) async throws {
        for hasChecksum in [true, false] where hasChecksum || way != .spiSilent {
            // A page of the second chunk that is not blank.
            let start = way == .nand || way == .mtdNAND ? 0xC00 : 0x1800
            let board = Self.board(way, bad: []) { scenario in
                if !hasChecksum { scenario.forbid("crc32") }
                for id in scenario.hardware.chips.keys {
                    scenario.hardware.chips[id]?.unreadable = [start + 0x200..<start + 0x300]
                }
            }
            let got = try await with(board) { try await all($0) }
            #expect(!got.findings.isEmpty, "\(way)")
            #expect(got.findings.allSatisfy { $0.state == .unread && !($0.detail ?? "").isEmpty })
            let unread = got.findings.map(\.range)
            let expected = board.hardware.expected(0)
            #expect(unread.contains { $0.overlaps(start + 0x200..<start + 0x300) })
            for place in got.bytes.indices {
                let isUnread = unread.contains { $0.contains(place) }
                guard got.bytes[place] != (isUnread ? 0xFF : expected[place]) else { continue }
                Issue.record("\(way): another byte at \(place)")
                break
            }
            #expect(board.simulated.offences.isEmpty)
        }
    }

    @Test(
        "A page that the ECC corrected is read, and one that it could not is kept and named",
        arguments: [Way.nand, .mtdNAND])
    func eccErrors(_ way: Way) async throws {
        for hasChecksum in [true, false] {
            let board = Self.board(way, bad: []) { scenario in
                if !hasChecksum { scenario.forbid("crc32") }
                scenario.hardware.chips["nand0"]?.corrected = [2, 3]
                scenario.hardware.chips["nand0"]?.failed = [6]
            }
            let got = try await with(board) { try await all($0) }
            // Pages of 512 bytes, two to a block; this is the second.
            var expected = try #require(board.hardware.chips["nand0"]?.bytes)
            expected[6 * 0x400 + 0x200] ^= 0x81
            let isSame = got.bytes == expected
            #expect(isSame)
            let failed = got.findings.filter { $0.state == .eccFailed }.map(\.offset)
            let corrected = got.findings.filter { $0.state == .eccCorrected }.map(\.offset)
            #expect(Set(failed) == [0x1A00])
            // `nand read` does not report corrections.
            #expect(Set(corrected) == (way == .nand ? [] : [0xA00, 0xE00]))
            #expect(got.findings.allSatisfy { $0.size == 0x200 && !($0.detail ?? "").isEmpty })
            #expect(board.simulated.offences.isEmpty)
        }
    }

    @Test("Unreported failures are detected, because the RAM was filled before")
    func silentFailures() async throws {
        let board = Self.board(.spiSilent) { $0.hardware.chips["spi0"]?.unreadable = [0..<0x3000] }
        let got = try await with(board) { try await all($0) }
        #expect(got.bytes.allSatisfy { $0 == 0xFF })
        #expect(got.findings.map(\.range) == [0..<0x3000])
        #expect(board.simulated.commands.contains { $0.hasPrefix("mw.b") })
    }

    @Test("Flash that equals the filling of the RAM is read, too")
    func fillingInFlash() async throws {
        let board = Self.board(.spiSilent) {
            for place in 0..<0x1000 { $0.hardware.chips["spi0"]?.bytes[place] = place < 0x800 ? 0x5A : 0xA5 }
        }
        try await with(board) { access in
            for ranges in [[0..<1], [0..<0x800], [0x7FF..<0x801], [0x800..<0x1000], [0..<0x1000]] {
                let got = try await all(access, ranges)
                #expect(got.findings.isEmpty)
                #expect(ranges.allSatisfy { Array(got.bytes[$0]) == Array(board.hardware.expected(0)[$0]) })
            }
        }
    }

    @Test("A checksum of flash that can no longer be read is an error")
    func unreadableChecksum() async throws {
        let board = Self.board(.spiLong)
        try await with(board) { access in
            let flash = try await access.survey()
            let partition = try #require(flash.survey.partitions.first)
            board.simulated.change { $0.hardware.chips["spi0"]?.unreadable = [0..<16] }
            do {
                _ = try await flash.reader.checksum(.crc32, of: partition, ranges: [0..<partition.size])
                Issue.record("there was a checksum")
            } catch let error as FlashkeepError {
                #expect(error.code == .unreadable)
            }
        }
    }
}
