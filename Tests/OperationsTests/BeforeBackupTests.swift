import BackupBags
import FlashModel
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// A board's flash from before a restore is in a backup, whatever happens between the attempts to restore.
@Suite("Backups before restores")
struct BeforeBackupTests {
    private typealias Kept = RestoreTests.Kept

    /// Restores, with the loss of the board at a call.
    private func restore(
        _ kept: Kept, _ connector: SimulatedConnector, _ choice: RestoreChoice = RestoreTests.everything,
        before: FilePath? = nil, isChosen: Bool = false
    ) async throws -> RestoreReport {
        let prepared = try await Restore.plan(kept.bag, on: connector, choice: choice)
        return try await Restore.run(
            prepared, on: connector, before: before ?? kept.folder.path.appending("before"), isBeforeChosen: isChosen,
            reconnects: 0, environment: .simulated())
    }

    /// A board whose restore was interrupted after some blocks, with one half written.
    private func brokenOff(_ kept: Kept, _ choice: RestoreChoice = RestoreTests.everything) async throws
        -> SimulatedHardware
    {
        let writes = Writes()
        let connector = SimulatedConnector(RestoreTests.changed(kept.hardware)) { _, _ in
        } onCall: { _, hardware in
            if hardware.chips.values.flatMap(\.erases.values).reduce(0, +) >= 3 {
                writes.count += 1
                if writes.count > 1 { throw SimulatedConnector.lost }
            }
        }
        await #expect(throws: FlashkeepError(.boardLost, what: "", why: "", next: "")) {
            _ = try await restore(kept, connector, choice)
        }
        return connector.hardware
    }

    private final class Writes: @unchecked Sendable {
        var count = 0
    }

    private func isIn(_ bag: String, _ hardware: SimulatedHardware) async throws -> Bool {
        try await Diff.run(old: FilePath(bag), board: SimulatedConnector(hardware), environment: .simulated()).isSame
    }

    @Test("A comparison of a moment ago proves the backup, an older one does not", arguments: [1, 59, 60, nil])
    func freshness(seconds: Int?) async throws {
        let kept = try await Kept(RestoreTests.router())
        let hardware = RestoreTests.changed(kept.hardware)
        let connector = SimulatedConnector(hardware)
        let prepared = try await Restore.plan(kept.bag, on: connector, choice: RestoreTests.everything)
        let report = try await Restore.run(
            prepared, on: connector, before: kept.folder.path.appending("before"),
            age: seconds.map { .seconds($0) }, environment: .simulated())
        let before = try #require(report.backupBefore)
        #expect(try await isIn(before, hardware))
        let notes = try Kept.manifest(FilePath(before)).images.flatMap(\.proof.notes)
        #expect(notes.contains { $0.contains("for the comparison") } == (seconds.map { $0 < 60 } ?? false), "\(notes)")
    }

    @Test("A name that is taken is refused before anything is done, and the next name is used")
    func taken() async throws {
        let kept = try await Kept(RestoreTests.router())
        let connector = SimulatedConnector(RestoreTests.changed(kept.hardware))
        let inside = kept.bag.appending("data").appending("before")
        try kept.folder.write("mine", "file")
        for place in [kept.bag, inside, kept.folder.path.appending("file")] {
            await #expect(throws: FlashkeepError(.targetExists, what: "", why: "", next: "")) {
                _ = try await restore(kept, connector, before: place, isChosen: true)
            }
        }
        let isUntouched = connector.hardware.chips.values.allSatisfy { $0.erases.isEmpty }
        #expect(isUntouched && !kept.folder.exists("bag.restore"))
        #expect(try await Verify.run(bag: kept.bag).ok)
        let report = try await restore(kept, connector, before: kept.folder.path.appending("new"), isChosen: true)
        #expect(try await isIn(try #require(report.backupBefore), RestoreTests.changed(kept.hardware)))
    }

    @Test("What others wrote while it was broken off is backed up too")
    func writtenSince() async throws {
        let kept = try await Kept(RestoreTests.router())
        var board = try await brokenOff(kept)
        // One block that was equal to the backup, and one that may be restored already.
        board.chips["spi0.0"]?.bytes[10 * 1024] ^= 0x42
        board.chips["spi0.0"]?.bytes[9 * 1024 + 7] ^= 0x42
        let connector = SimulatedConnector(board)
        let report = try await restore(kept, connector)
        #expect(RestoreTests().isSame(connector.hardware, kept.hardware))
        let first = try #require(report.backupBefore)
        #expect(try await isIn(first, RestoreTests.changed(kept.hardware)))
        #expect(report.backupsSince.count == 1)
        #expect(try await isIn(try #require(report.backupsSince.first), board))
        let status = try Restore.status(kept.bag)
        #expect(status.backupBefore == first && status.backupsSince == report.backupsSince)
        #expect(status.parts.allSatisfy { $0.done <= $0.planned })
    }

    @Test("Where nothing was written since, there is no second one")
    func nothingSince() async throws {
        let kept = try await Kept(RestoreTests.router())
        let connector = SimulatedConnector(try await brokenOff(kept))
        let report = try await restore(kept, connector, before: kept.folder.path.appending("other"))
        #expect(RestoreTests().isSame(connector.hardware, kept.hardware))
        #expect(report.backupsSince.isEmpty && !kept.folder.exists("other"))
        #expect(try await isIn(try #require(report.backupBefore), RestoreTests.changed(kept.hardware)))
    }

    @Test("One that is gone is made again, of what is there now")
    func removed() async throws {
        let kept = try await Kept(RestoreTests.router())
        let board = try await brokenOff(kept)
        try kept.folder.remove("before")
        let connector = SimulatedConnector(board)
        let report = try await restore(kept, connector)
        #expect(RestoreTests().isSame(connector.hardware, kept.hardware))
        #expect(try await isIn(try #require(report.backupsSince.first), board))
    }

    @Test("A half-written block stays known until it is written, also when another restore has ended")
    func halfWritten() async throws {
        let kept = try await Kept(RestoreTests.router())
        let board = try await brokenOff(kept)
        let open = try Restore.status(kept.bag).parts.filter { !$0.unfinished.isEmpty }
        let title = try #require(open.first?.partition)
        #expect(open.count == 1 && title.contains("mtd") && !title.contains("art"))
        var connector = SimulatedConnector(board)
        let other = try await restore(
            kept, connector, RestoreChoice(only: ["art"], allowed: [.calibration]))
        #expect(other.blocksWritten == 1 && other.unfinished == 1, "\(open) \(other)")
        #expect(other.plan.warnings.contains { $0.contains("half written") })
        let between = try Restore.status(kept.bag)
        #expect(between.isEnded && !between.isWhole)
        // The block now reads right, and is erased anyway.
        var right = connector.hardware
        for (id, chip) in kept.hardware.chips { right.chips[id]?.bytes = chip.bytes }
        for id in right.chips.keys { right.chips[id]?.erases = [:] }
        connector = SimulatedConnector(right)
        let report = try await restore(kept, connector, before: kept.folder.path.appending("last"))
        #expect(report.erases == 1 && report.unfinished == 0)
        #expect(try Restore.status(kept.bag).isWhole)
        #expect(RestoreTests().isSame(connector.hardware, kept.hardware))
    }

    @Test("Until it is complete, the status names none, and another place may be chosen")
    func incomplete() async throws {
        let kept = try await Kept(RestoreTests.router())
        let board = RestoreTests.changed(kept.hardware)
        let reads = Writes()
        let connector = SimulatedConnector(board) { _, _ in
        } onCall: { _, _ in
            guard kept.folder.exists("before.partial") else { return }
            reads.count += 1
            if reads.count > 2 { throw SimulatedConnector.lost }
        }
        await #expect(throws: FlashkeepError(.boardLost, what: "", why: "", next: "")) {
            _ = try await restore(kept, connector)
        }
        let status = try Restore.status(kept.bag)
        #expect(status.backupBefore == nil && !status.isEnded && status.isWhole)
        let again = SimulatedConnector(board)
        let report = try await restore(kept, again, before: kept.folder.path.appending("other"), isChosen: true)
        #expect(report.backupBefore?.hasSuffix("other") == true)
        #expect(try await isIn(try #require(report.backupBefore), board))
        #expect(RestoreTests().isSame(again.hardware, kept.hardware))
    }
}
