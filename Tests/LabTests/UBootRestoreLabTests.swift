import BoardAccess
import BoardChannels
import BoardConsoles
import FlashAccess
import FlashModel
import Foundation
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

@testable import LinuxFlash
@testable import UBootFlash

/// Backups restored from real U-Boots. The chips are then compared as whole files, which QEMU keeps.
///
/// QEMU 7.2's parallel flash (`hw/block/pflash_cfi01.c`) accepts a buffered write only at the start of a sector, of one
/// buffer of 2 KiB, so the sectors written here have no more than that, unless U-Boot writes word by word.
@Suite(
    .enabled(if: UBootBoard.isAvailable(), "the lab is not installed: make test does it"), .serialized,
    .timeLimit(.minutes(LabBoard.minutes)))
struct UBootRestoreLabTests {
    /// A board, and the commands that write to it.
    struct Sample: Sendable, CustomTestStringConvertible {
        var board: String
        /// Sectors that are blank at first, as arguments of U-Boot's commands.
        var sectors: [ClosedRange<UInt64>]
        var ram: UInt64

        var testDescription: String { board }

        func hex(_ value: UInt64) -> String { String(value, radix: 16) }

        func erase(_ sector: Int) -> String {
            "erase \(hex(sectors[sector].lowerBound)) \(hex(sectors[sector].upperBound))"
        }

        /// Fills the first 2 KiB of a sector.
        func write(_ sector: Int, _ value: UInt8) -> [String] {
            ["mw.b \(hex(ram)) \(hex(UInt64(value))) 800", "cp.b \(hex(ram)) \(hex(sectors[sector].lowerBound)) 800"]
        }

        func protect(_ word: String, _ sector: Int) -> String {
            "protect \(word) \(hex(sectors[sector].lowerBound)) \(hex(sectors[sector].upperBound))"
        }

        static let all = [
            // Little-endian MIPS, without a command that loads over the line: mw.
            Sample(
                board: "malta",
                sectors: [0xBE20_0000...0xBE20_FFFF, 0xBE21_0000...0xBE21_FFFF, 0xBE22_0000...0xBE22_FFFF],
                ram: 0x8100_0000),
            // Two banks, sectors of 128 KiB: loady. QEMU erases two of them at once, so only one of two is used.
            Sample(
                board: "virt",
                sectors: [0x0420_0000...0x0421_FFFF, 0x0424_0000...0x0425_FFFF, 0x0428_0000...0x0429_FFFF],
                ram: 0x4100_0000),
        ]
    }

    private func say(_ commands: [String], to board: UBootBoard) async throws {
        try await board.opener().withChannel { channel in
            let arrival = ConsoleIdentifier.ofAll(wanted: ["U-Boot"], nonce: { "prepares1" })
            let console = Console(channel)
            let prompt = try #require(try await arrival.find(console).prompt)
            let session = UBootSession(console, prompt: prompt, identifier: arrival)
            for command in commands {
                let reply = try await session.ask(command, silence: .seconds(60))
                let text = String(decoding: reply.output, as: UTF8.self)
                #expect(!text.contains("ERROR") && !text.contains("rotected Flash"), "\(command): \(text)")
            }
        }
    }

    private func images(_ board: UBootBoard) throws -> [String: Data] {
        let files = try FileManager.default.contentsOfDirectory(atPath: board.state.path)
            .filter { $0.hasPrefix("flash") && $0.hasSuffix(".img") }
        return try Dictionary(
            uniqueKeysWithValues: files.map { ($0, try Data(contentsOf: board.state.appending(path: $0))) })
    }

    /// The number of sectors that differ, and of those that are not blank.
    private static func damage(
        _ now: [String: Data], _ kept: [String: Data], sector: Int
    ) -> (sectors: Int, erases: Int) {
        var result = (sectors: 0, erases: 0)
        for (name, bytes) in now {
            for start in stride(from: 0, to: bytes.count, by: sector) {
                let part = bytes.subdata(in: start..<min(bytes.count, start + sector))
                guard part != kept[name]?.subdata(in: start..<min(bytes.count, start + sector)) else { continue }
                result.sectors += 1
                if part.contains(where: { $0 != 0xFF }) { result.erases += 1 }
            }
        }
        return result
    }

    private func restore(_ board: UBootBoard, _ bag: String) async throws -> RestoreReport {
        let connector = ConsoleConnector(
            opener: try board.opener(), credentials: Credentials(), environment: .testing)
        return try await LabRestore.run(bag, on: connector, state: board.state)
    }

    @Test(arguments: Sample.all)
    func parallelFlash(_ sample: Sample) async throws {
        try await UBootBoard.with(["--board", sample.board, "--fill", "as-is", "--autoboot", "none"]) { board in
            try await say(sample.write(0, 0x5A) + sample.write(1, 0xA5), to: board)
            let bag = try await board.backup().bag
            let kept = try images(board)
            // One sector rewritten, one erased, one no longer blank, and two of them protected.
            try await say(
                [sample.erase(0)] + sample.write(0, 0x33) + [sample.erase(1)] + sample.write(2, 0x0F)
                    + [sample.protect("on", 1), sample.protect("on", 2)], to: board)
            let damage = Self.damage(try images(board), kept, sector: sample.sectors[0].count)
            #expect(damage.sectors == 3)
            let report = try await restore(board, bag)
            #expect(report.blocksWritten == 3 && report.erases == damage.erases)
            #expect(try images(board) == kept)
            let again = try await restore(board, bag)
            #expect(again.plan.blockCount == 0 && again.erases == 0)
            // Restore the initial contents, which are checked afterwards.
            try await say((0...2).flatMap { [sample.protect("off", $0), sample.erase($0)] }, to: board)
        }
    }

    /// U-Boots that write word by word, from which QEMU accepts whole sectors. The bytes are code: U-Boot's own.
    @Test(
        .enabled(
            if: UBootBoard.isAvailable(built: "malta-words") && UBootBoard.isAvailable(built: "virt-words"),
            "the lab's own U-Boots could not be built"),
        arguments: Campaign.share(0, of: 2, Sample.all))
    func wholeSectors(_ sample: Sample) async throws {
        let options = ["--board", "\(sample.board)-words-built", "--fill", "as-is", "--autoboot", "none"]
        let first: UInt64 = sample.board == "malta" ? 0xBE00_0000 : 0
        let size = UInt64(sample.sectors[0].count)
        func copy(_ source: UInt64, _ sector: Int, _ count: UInt64) -> String {
            ["cp.b", sample.hex(first + source), sample.hex(sample.sectors[sector].lowerBound), sample.hex(count)]
                .joined(separator: " ")
        }
        // A word takes some 0.3 ms of emulation, so only one sector is filled.
        try await UBootBoard.with(options) { board in
            try await say([copy(0, 0, size), copy(size, 1, 0x2800)], to: board)
            let bag = try await board.backup().bag
            let kept = try images(board)
            // Other code in one, none in another, some in one that was blank.
            try await say(
                [sample.erase(0), copy(size, 0, 0x1000), sample.erase(1), copy(0, 2, 0x1000)], to: board)
            let damage = Self.damage(try images(board), kept, sector: sample.sectors[0].count)
            #expect(damage.sectors == 3 && damage.erases == 2)
            let report = try await restore(board, bag)
            #expect(report.blocksWritten == 3 && report.erases == 2)
            #expect(report.bytesWritten > Int(size), "\(report.bytesWritten)")
            #expect(try images(board) == kept)
            try await say((0...2).map { sample.erase($0) }, to: board)
        }
    }

    /// Bytes come over TFTP, on a board without any other load command; one run has a reset in the middle.
    @Test(arguments: [false, true])
    func parallelFlashOverTheNetwork(isReset: Bool) async throws {
        let network = try await LabBoard.run("Lab/uboot", ["in-network"])
        try #require(network.status == 0, "no network of its own can be made: \(network.output)")
        let sample = Sample.all[0]
        let options = ["--board", sample.board, "--fill", "as-is", "--autoboot", "none", "--network", "tap:tap0"]
        try await UBootBoard.with(options, before: ["in-network"]) { board in
            try await board.sayInNetwork(sample.write(0, 0x5A) + sample.write(1, 0xA5))
            let backup = try await board.backupInNetwork([])
            #expect(backup.status == 0, "\(backup.output)")
            let kept = try images(board)
            try await board.sayInNetwork(
                [sample.erase(0)] + sample.write(0, 0x33) + [sample.erase(1)] + sample.write(2, 0x0F))
            #expect(Self.damage(try images(board), kept, sector: sample.sectors[0].count).sectors == 3)
            let before = try board.said().count
            let restore = try await board.restoreInNetwork(backup.bag, resetAfter: isReset ? 1 : nil)
            #expect(restore.status == 0, "\(restore.output)")
            #expect(try images(board) == kept)
            let said = String(try board.said().dropFirst(before))
            // The blank sector needs no bytes.
            let loads = said.components(separatedBy: "Bytes transferred = 65536 (10000 hex)").count - 1
            #expect(isReset ? loads >= 2 : loads == 2, "\(loads) loads")
            #expect(!said.contains("mw.l"), "bytes went over the line")
            if isReset { #expect(said.contains("DRAM: "), "there was no reset") }
            try await board.sayInNetwork((0...2).flatMap { [sample.protect("off", $0), sample.erase($0)] })
        }
    }

    @Test(.enabled(if: UBootBoard.isAvailable(built: "sabrelite"), "the lab's own U-Boots could not be built"))
    func serialFlash() async throws {
        try await UBootBoard.with(["--board", "sabrelite", "--fill", "as-is", "--autoboot", "none"]) { board in
            let bag = try await board.backup().bag
            let kept = try images(board)
            // Part of U-Boot itself, and blank sectors.
            try await say(
                [
                    "sf probe", "mw.b 12000000 5a 3000", "sf erase 1000 1000", "sf write 12000000 3000 1000",
                    "sf write 12000000 110000 3000",
                ], to: board)
            #expect(try images(board) != kept)
            let report = try await restore(board, bag)
            // The erased sector needs no erase.
            #expect(report.blocksWritten == 5 && report.erases == 4)
            #expect(try images(board) == kept)
        }
    }
}
