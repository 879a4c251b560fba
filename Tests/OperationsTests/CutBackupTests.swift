import BackupBags
import FlashModel
import LocalFiles
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// A small backup, interrupted at every call to the board and at every disk operation, then run again.
@Suite("A backup of a simulated board, cut off anywhere")
struct CutBackupTests {
    /// How the first run ends.
    enum Cut: String, CaseIterable {
        /// The board is lost, and there is no reconnection.
        case lost
        /// The board is lost, and the same run reconnects.
        case lostAndFound
        /// The user presses ^C.
        case cancelled
    }

    /// Boards whose backups differ: proven by checksum, by a second read, with OOB.
    private static var boards: [(hardware: SimulatedHardware, withOOB: Bool)] {
        var twice = SampleBoards.small()
        twice.algorithms = []
        twice.chips["nand0"]?.misreads = [4: 1]
        var withOOB = SampleBoards.small()
        withOOB.readsOOB = true
        return [(SampleBoards.small(), false), (twice, false), (withOOB, true)]
    }

    /// Runs again until there is a bag, and checks it.
    private func finish(
        _ hardware: SimulatedHardware, withOOB: Bool, in folder: ScratchFolder, _ comment: Comment
    ) async throws {
        let again = SimulatedConnector(hardware)
        let report: BackupReport
        do {
            report = try await SimulatedBackups.run(again, in: folder) { $0.withOOB = withOOB }
        } catch let error as FlashkeepError where error.code == .targetExists {
            // The interruption came after the backup got its final name. It must be whole then.
            let verified = try await Verify.run(bag: folder.path.appending("bag"))
            #expect(verified.ok && verified.summary?.isProven == true, comment)
            return
        }
        try check(report, hardware, comment)
        #expect(!folder.exists("bag.partial"), comment)
    }

    private func check(_ report: BackupReport, _ hardware: SimulatedHardware, _ comment: Comment) throws {
        let problems = BagCheck.problems(report, hardware)
        #expect(problems.isEmpty, "\(comment): \(problems)")
        #expect(report.summary.isWhole && report.summary.isProven, "\(comment): \(report.summary.sentences)")
        #expect(BagCheck.places(report, .eccCorrected, chip: "nand0") == [1536..<2048], comment)
        #expect(BagCheck.places(report, .factoryBad, chip: "nand0") == [512..<1024], comment)
    }

    @Test("At every call to the board", arguments: Cut.allCases)
    func everyCall(_ cut: Cut) async throws {
        var points = 0
        for (hardware, withOOB) in Self.boards {
            let counter = SimulatedConnector(hardware)
            _ = try await SimulatedBackups.run(counter, in: try ScratchFolder()) { $0.withOOB = withOOB }
            for number in 0..<counter.calls {
                let folder = try ScratchFolder()
                let comment: Comment = "\(cut) at call \(number) of \(counter.calls)"
                let connector = SimulatedConnector(
                    hardware,
                    onCall: { call, _ in
                        guard call == number else { return }
                        if cut == .cancelled {
                            withUnsafeCurrentTask { $0?.cancel() }
                        } else {
                            throw SimulatedConnector.lost
                        }
                    })
                let task = Task {
                    try await SimulatedBackups.run(connector, in: folder) {
                        $0.withOOB = withOOB
                        $0.reconnects = cut == .lostAndFound ? 1 : 0
                    }
                }
                let result = await task.result
                switch (cut, result) {
                case (.lostAndFound, .success(let report)) where number > 0:
                    try check(report, hardware, comment)
                case (.lost, .failure(let error)), (.lostAndFound, .failure(let error)):
                    #expect((error as? FlashkeepError)?.code == .boardLost, comment)
                    // Before the survey there is nothing to resume, so the user gets that first error.
                    #expect(cut == .lost || number == 0, comment)
                case (.cancelled, .failure(let error)): #expect(error is CancellationError, comment)
                case (.cancelled, .success(let report)): try check(report, hardware, comment)
                default: Issue.record(comment)
                }
                if !folder.exists("bag") {
                    try await finish(connector.hardware, withOOB: withOOB, in: folder, comment)
                }
                points += 1
            }
        }
        print("\(cut): \(points) calls to the board cut off")
    }

    @Test("At every operation on the disk", arguments: [Errno.ioError, .noSpace])
    func everyDiskOperation(_ number: Errno) async throws {
        var points = 0
        for (hardware, withOOB) in Self.boards {
            let counter = DiskTrouble()
            _ = try await SimulatedBackups.run(
                SimulatedConnector(hardware), in: try ScratchFolder(), { $0.withOOB = withOOB },
                disk: Disk(watcher: counter))
            for operation in 0..<counter.count {
                // A full disk may have space again at once; one that is gone stays away.
                let last = number == .noSpace ? operation + 1 : Int.max
                let folder = try ScratchFolder()
                let comment: Comment = "operation \(operation) of \(counter.count) fails"
                let connector = SimulatedConnector(hardware)
                do {
                    let report = try await SimulatedBackups.run(
                        connector, in: folder, { $0.withOOB = withOOB },
                        disk: Disk(watcher: DiskTrouble(failing: operation..<last, number)))
                    try check(report, hardware, comment)
                } catch let error as FlashkeepError {
                    #expect(error.code == (number == .noSpace ? .diskFull : .fileUnavailable), comment)
                    Words.expectClear(error)
                }
                try await finish(connector.hardware, withOOB: withOOB, in: folder, comment)
                points += 1
            }
        }
        print("\(points) operations on the disk failed with \(number)")
    }

    @Test("Cut off again and again, each run gets further and the end is right")
    func everyRunIsCutOff() async throws {
        for (board, withOOB) in Self.boards {
            let folder = try ScratchFolder()
            var hardware = board
            var runs = 0
            while runs < 200 {
                runs += 1
                let allowed = 4 + runs / 4
                let connector = SimulatedConnector(
                    hardware, onCall: { call, _ in if call >= allowed { throw SimulatedConnector.lost } })
                defer { hardware = connector.hardware }
                do {
                    let report = try await SimulatedBackups.run(connector, in: folder) {
                        $0.withOOB = withOOB
                        $0.reconnects = 0
                    }
                    try check(report, hardware, "cut off \(runs) times")
                    break
                } catch let error as FlashkeepError where error.code == .boardLost {
                    continue
                }
            }
            #expect(folder.exists("bag"))
        }
    }
}

/// Checks whether an error can be displayed.
enum Words {
    /// Expects three lines, none of them empty, without control characters.
    static func expectClear(_ error: FlashkeepError, sourceLocation: SourceLocation = #_sourceLocation) {
        for line in [error.what, error.why, error.next] {
            #expect(!line.isEmpty && line.count < 1_000, "\(error)", sourceLocation: sourceLocation)
            let hasControls = line.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) }
            #expect(!hasControls, "\(error)", sourceLocation: sourceLocation)
        }
    }
}
