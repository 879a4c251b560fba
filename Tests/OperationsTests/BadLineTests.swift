import BackupBags
import BoardChannels
import FlashModel
import LinuxFlash
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// Backups over lines that damage, cut and delay. They end with the right bytes, or with an error after which they can
/// be resumed, but never with wrong bytes.
@Suite("Backups over bad lines", .serialized)
struct BadLineTests {
    /// A small board with all faults: a bad block, one that the ECC corrects, an unreadable page.
    static func hardware() -> SimulatedHardware {
        var nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 8, blockSize: 2048, pageSize: 512, oobSize: 16, badBlocks: [2], seed: 11)
        nand.corrected = [5]
        nand.unreadable = [3 * 2048 + 512..<3 * 2048 + 1024]
        let nor = SimulatedHardware.Flash("spi0.0", kind: .spiNOR, blocks: 6, blockSize: 1024, seed: 12)
        return SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1", hostname: "acme", macAddresses: ["02:00:00:00:00:01"]),
            chips: [nor, nand],
            devices: [nor.device(0, "u-boot", 0..<2), nor.device(1, "firmware", 2..<6), nand.device(2, "ubi", 0..<8)])
    }

    /// Runs until there is a bag, again after each error that allows a resume.
    private func finish(
        _ board: FolderBoard, _ opener: FaultyOpener, _ comment: String, runs: Int = 6, reconnects: Int = 3,
        _ change: (inout BackupOptions) -> Void = { _ in }
    ) async throws {
        let folder = try ScratchFolder()
        var options = BackupOptions(target: folder.path.appending("bag"), reconnects: reconnects)
        change(&options)
        var timing = ShellTiming.quick
        timing.silence = .milliseconds(1_000)
        timing.probe = .milliseconds(800)
        var errors: [FlashkeepError] = []
        for run in 1...runs {
            // A line that always stays bad would prove nothing, so the last run has a good one.
            let connector = board.connector(
                run == runs ? board.terminal() : opener, timing: timing, environment: .simulated(seed: UInt64(run)))
            do {
                let report = try await Backup.run(connector, options: options, environment: .simulated())
                let problems = BagCheck.problems(report, board.hardware)
                #expect(problems.isEmpty, "\(comment): \(problems)")
                #expect(report.summary.isProven || options.proof == .none, "\(comment): \(report.summary.sentences)")
                #expect(BagCheck.places(report, .unread, chip: "nand0") == [6656..<7168], "\(comment)")
                #expect(BagCheck.places(report, .eccCorrected, chip: "nand0") == [10_240..<12_288], "\(comment)")
                #expect(BagCheck.places(report, .factoryBad, chip: "nand0") == [4096..<6144], "\(comment)")
                #expect(report.manifest.partitions.map(\.size) == [2048, 4096, 16_384], "\(comment)")
                #expect(board.offences.isEmpty, "\(comment): \(board.offences)")
                print(
                    "\(comment): \(opener.damaged) damaged, \(opener.connections) connections, \(run) runs, "
                        + "\(report.manifest.capture.retries) retries; \(errors.map(\.code.rawValue))")
                return
            } catch let error as FlashkeepError {
                Words.expectClear(error)
                errors.append(error)
                let canGoOn: Set<FlashkeepError.Code> = [
                    .boardLost, .boardSilent, .noReplyInTime, .replyNotUnderstood, .layoutChanged,
                    .otherBackupInProgress,
                ]
                #expect(canGoOn.contains(error.code), "\(comment): \(error)")
            }
        }
        Issue.record("\(comment): it never came to an end: \(errors)")
    }

    @Test("Flash data is damaged, one byte in so many", arguments: [5_000, 1_500, 500], [1, 2] as [UInt64])
    func bulk(_ rate: Int, _ seed: UInt64) async throws {
        var faults = LineFaults()
        faults.bulkRate = rate
        // Without checksums each frame must arrive twice, so the line must not be quite as bad.
        for tools in [FolderBoard.allTools]
            + (rate > 1_000 && seed == 1 ? [FolderBackupTests.Poverty.onlyOd.tools] : [])
        {
            let board = try FolderBoard(Self.hardware(), tools: tools)
            try await finish(
                board, FaultyOpener(board.terminal(), faults, seed: seed),
                "1 in \(rate), seed \(seed), \(tools.count) tools")
        }
    }

    @Test("Everything is damaged, both ways, one byte in so many", arguments: [20_000, 5_000], [3, 4, 5] as [UInt64])
    func everywhere(_ rate: Int, _ seed: UInt64) async throws {
        var faults = LineFaults()
        faults.replyRate = rate
        faults.commandRate = rate
        let board = try FolderBoard(Self.hardware())
        try await finish(board, FaultyOpener(board.terminal(), faults, seed: seed), "1 in \(rate), seed \(seed)")
    }

    @Test("Commands alone are damaged, and nothing is checked afterwards", arguments: [6, 7] as [UInt64])
    func commands(_ seed: UInt64) async throws {
        var faults = LineFaults()
        faults.commandRate = 2_000
        let board = try FolderBoard(Self.hardware())
        try await finish(
            board, FaultyOpener(board.terminal(), faults, seed: seed), "commands, seed \(seed)"
        ) { $0.proof = .none }
    }

    @Test("The kernel talks in between")
    func kernelLines() async throws {
        var faults = LineFaults()
        faults.kernelLineEvery = 3_000
        let board = try FolderBoard(Self.hardware())
        try await finish(board, FaultyOpener(board.terminal(), faults, seed: 8), "kernel lines")
    }

    @Test("Bytes come one by one, or few at a time", arguments: [1, 7])
    func pieces(_ size: Int) async throws {
        var faults = LineFaults()
        faults.pieceSize = size
        let board = try FolderBoard(Self.hardware())
        try await finish(board, FaultyOpener(board.terminal(), faults, seed: 9), "pieces of \(size)")
    }

    @Test("The line is cut, or goes silent, after any number of bytes", arguments: [true, false])
    func cuts(_ isCut: Bool) async throws {
        let board = try FolderBoard(Self.hardware())
        let counter = FaultyOpener(board.terminal(), LineFaults(), seed: 1)
        try await finish(board, counter, "uncut")
        for part in 1...4 {
            var faults = LineFaults()
            let place = counter.received * part / 5
            if isCut { faults.cutsAfter = [place] } else { faults.silencesAfter = [place] }
            let opener = FaultyOpener(board.terminal(), faults, seed: 1)
            try await finish(board, opener, "\(isCut ? "cut" : "silent") after \(place) of \(counter.received)")
        }
    }
}
