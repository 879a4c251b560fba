import BackupBags
import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// Whole backups over a serial line with a bootloader at the other end that only prints memory.
@Suite("Backups through bootloaders that only print memory", .serialized)
struct LoaderBackupTests {
    @Test("From the prompt, from the start, and when the board is switched on", arguments: LoaderBackups.Board.all)
    func plain(_ kind: LoaderBackups.Board) async throws {
        let starts: [SimulatedLoader.Start] = kind.needsStart ? [.off, .starting] : SimulatedLoader.Start.allCases
        for start in starts {
            let backups = try LoaderBackups(given: kind.given)
            let board = kind.simulated(start)
            let report = try await backups.backUp(board)
            try await backups.check(report, board, kind, "\(kind.name), \(start)")
            #expect(report.manifest.capture.retries == 0 && board.starts == 1)
            // Without a checksum on the board, the proof is a second reading.
            #expect(board.commands.count > 4)
        }
    }

    @Test("A second reading is cut elsewhere than the first")
    func cuts() async throws {
        let kind = LoaderBackups.Board.cfe(.bcm47xx)
        let backups = try LoaderBackups()
        let board = kind.simulated()
        _ = try await backups.backUp(board)
        let dumps = board.commands.filter { $0.hasPrefix("fdump") }
        #expect(Set(dumps).count == dumps.count, "\(dumps)")
    }

    @Test(
        "One in five hundred characters is damaged, both ways", arguments: LoaderBackups.Board.all,
        (1...(Campaign.isOn ? 20 : 2)) as ClosedRange<UInt64>)
    func badLine(_ kind: LoaderBackups.Board, _ seed: UInt64) async throws {
        let backups = try LoaderBackups(given: kind.given)
        let board = kind.simulated(kind.usualStart)
        var faults = LineFaults()
        faults.replyRate = 500
        faults.commandRate = 500
        let opener = FaultyOpener(board, faults, seed: seed)
        let report = try await backups.backUp(board, over: opener, reconnects: 20)
        try await backups.check(report, board, kind, damagesCommands: true, "\(kind.name), seed \(seed)")
        #expect(opener.damaged > 0 && report.manifest.capture.retries > 0)
    }

    @Test("The line is cut: the same run reaches the board again", arguments: LoaderBackups.Board.all)
    func cutLine(_ kind: LoaderBackups.Board) async throws {
        for place in kind.cuts {
            let backups = try LoaderBackups(given: kind.given)
            let board = kind.simulated(kind.usualStart)
            var faults = LineFaults()
            faults.cutsAfter = [place]
            do {
                let report = try await backups.backUp(board, over: FaultyOpener(board, faults, seed: 1))
                try await backups.check(report, board, kind, "\(kind.name), cut after \(place)")
            } catch let error as FlashkeepError {
                // Before the survey, the user gets the error, and runs the same command again.
                #expect(error.code == .boardLost && place == 3_000, "\(kind.name), cut after \(place): \(error)")
                if kind.needsStart { board.powerOn() }
                let report = try await backups.backUp(board)
                try await backups.check(report, board, kind, "\(kind.name), again after \(place)")
            }
        }
    }

    @Test("The board is reset, or hangs, at some command", arguments: LoaderBackups.Board.all)
    func resets(_ kind: LoaderBackups.Board) async throws {
        let counter = kind.simulated(kind.usualStart)
        _ = try await LoaderBackups(given: kind.given).backUp(counter)
        let count = counter.commands.count
        let numbers = Campaign.isOn || count < 12 ? Array(2...count) : Array(2...8) + [count / 2, count - 1, count]
        for number in numbers {
            for fault in [SimulatedLoader.Fault.reset(afterOutput: 7 * number), .hang(afterOutput: 11)] {
                let backups = try LoaderBackups(given: kind.given)
                let board = kind.simulated(kind.usualStart)
                board.schedule(fault, at: number)
                do {
                    let report = try await backups.backUp(board)
                    try await backups.check(report, board, kind, "\(kind.name), \(fault) at \(number)")
                } catch let error as FlashkeepError {
                    // Before the survey, the user gets the error, and runs the same command again.
                    #expect(
                        [.boardSilent, .boardLost, .replyNotUnderstood, .noReplyInTime].contains(error.code),
                        "\(fault) at \(number): \(error)")
                    board.powerOn()
                    let report = try await backups.backUp(board)
                    try await backups.check(report, board, kind, "\(kind.name), after \(fault) at \(number)")
                }
            }
        }
    }

    @Test("A restore is refused", arguments: LoaderBackups.Board.all)
    func restore(_ kind: LoaderBackups.Board) async throws {
        let backups = try LoaderBackups(given: kind.given)
        let board = kind.simulated(kind.usualStart)
        let report = try await backups.backUp(board)
        var other = kind
        for id in other.personality.hardware.chips.keys { other.personality.hardware.chips[id]?.bytes[0x1003] ^= 1 }
        let changed = other.simulated(kind.usualStart)
        let prepared = try await Restore.plan(
            FilePath(report.bag), on: backups.connector(changed),
            choice: RestoreChoice(allowed: [.bootloader, .environment]))
        // Without the size of an erase block, that is the first reason.
        let codes = prepared.planning.refusals.map(\.code)
        #expect(prepared.planning.plan == nil && (codes == [.noWay] || codes == [.unaligned]), "\(codes)")
        #expect(changed.offences.isEmpty)
    }

    @Test("Pages of NAND that the ECC cannot repair are named, and so are those that it repairs")
    func pages() async throws {
        let kind = LoaderBackups.Board.cfe(.bcm63xxNAND) {
            // Page 3 recovers when it is read again, page 10 does not.
            $0.failingPages = [3: 1, 10: 10_000]
            $0.correctedPages = [20]
        }
        let backups = try LoaderBackups()
        let board = kind.simulated()
        let report = try await backups.backUp(board)
        #expect(BagCheck.places(report, .unread, chip: "nand0") == [10 * 512..<11 * 512])
        #expect(BagCheck.places(report, .eccCorrected, chip: "nand0") == [20 * 512..<21 * 512])
        let chip = try #require(kind.chip)
        let bytes = report.manifest.images.indices.flatMap { backups.image(report, $0) ?? [] }
        #expect(bytes[..<(10 * 512)] == chip.bytes[..<(10 * 512)] && !report.summary.isWhole)
        #expect(bytes[(10 * 512)..<(11 * 512)].allSatisfy { $0 == 0xFF })
    }

    @Test("The spare areas of NAND's pages are kept")
    func oob() async throws {
        let kind = LoaderBackups.Board.cfe(.bcm63xxNAND)
        let backups = try LoaderBackups()
        let board = kind.simulated()
        let report = try await backups.backUp(board, withOOB: true)
        let chip = try #require(kind.chip)
        let image = report.manifest.images.indices
            .filter { report.manifest.images[$0].representation == .dataWithOOB }
            .flatMap { backups.image(report, $0) ?? [] }
        try #require(image.count == 48 * 528)
        for page in [0, 9, 47] {
            let whole =
                Array(chip.bytes[page * 512..<(page + 1) * 512]) + board.hardware.oob(page, of: chip.chip)
            #expect(Array(image[page * 528..<(page + 1) * 528]) == whole, "\(page)")
        }
    }

    @Test("CFE without a size at its prompt says how to get it")
    func unknownSize() async throws {
        let kind = LoaderBackups.Board.cfe(.bcm63xxNOR)
        let backups = try LoaderBackups()
        let board = kind.simulated()
        do {
            _ = try await backups.backUp(board)
            Issue.record("it was backed up")
        } catch let error as FlashkeepError {
            #expect(error.code == .noPartitions && error.next.contains("switch it on"), "\(error)")
        }
        #expect(board.offences.isEmpty)
    }
}
