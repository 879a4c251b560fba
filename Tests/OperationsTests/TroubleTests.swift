import BackupBags
import BoardChannels
import FlashModel
import LocalFiles
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// Failures around a backup, and their error messages.
@Suite("Trouble with backups")
struct TroubleTests {

    /// Checks that the body throws this error, and that its text is readable.
    private func expect(
        _ code: FlashkeepError.Code, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        do {
            try await body()
            Issue.record("no error came", sourceLocation: sourceLocation)
        } catch let error as FlashkeepError {
            #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
            Words.expectClear(error, sourceLocation: sourceLocation)
        } catch {
            Issue.record("\(error)", sourceLocation: sourceLocation)
        }
    }

    @Test("A disk that is too small is told before anything is read, one that fills up in the middle can go on")
    func fullDisk() async throws {
        let folder = try ScratchFolder()
        let connector = SimulatedConnector(SampleBoards.router())
        await expect(.diskFull) {
            _ = try await SimulatedBackups.run(
                connector, in: folder, disk: Disk(watcher: DiskTrouble(freeSpace: 1_000)))
        }
        #expect(connector.calls == 1)
        await expect(.diskFull) {
            let trouble = DiskTrouble(failing: 50..<Int.max, .noSpace)
            _ = try await SimulatedBackups.run(connector, in: folder, disk: Disk(watcher: trouble))
        }
        let report = try await SimulatedBackups.run(connector, in: folder)
        #expect(report.summary.isProven && BagCheck.problems(report, connector.hardware).isEmpty)
    }

    @Test("Nothing is ever written over what is there")
    func targetExists() async throws {
        let folder = try ScratchFolder()
        try folder.write("mine", "bag/file")
        await expect(.targetExists) {
            _ = try await SimulatedBackups.run(SimulatedConnector(SampleBoards.router()), in: folder)
        }
        try folder.write("mine", "other.partial/file")
        await expect(.otherBackupInProgress) {
            _ = try await SimulatedBackups.run(SimulatedConnector(SampleBoards.router()), in: folder) {
                $0.target = folder.path.appending("other")
            }
        }
        #expect(folder.snapshot("bag") == ["file": Array("mine".utf8)])
        #expect(folder.exists("other.partial/file"))
    }

    @Test("What another board left unfinished is left alone")
    func anotherBoardsPartial() async throws {
        let folder = try ScratchFolder()
        let cut = SimulatedConnector(
            SampleBoards.router(), onCall: { call, _ in if call > 9 { throw SimulatedConnector.lost } })
        await expect(.boardLost) { _ = try await SimulatedBackups.run(cut, in: folder) { $0.reconnects = 0 } }
        let before = folder.snapshot("bag.partial")
        await expect(.otherBackupInProgress) {
            _ = try await SimulatedBackups.run(SimulatedConnector(SampleBoards.small()), in: folder)
        }
        #expect(folder.snapshot("bag.partial") == before)
    }

    @Test("Of two runs at once one makes the backup, the other says so")
    func twoAtOnce() async throws {
        let folder = try ScratchFolder()
        let hardware = SampleBoards.router()
        var first: BagBuilder? = try BagBuilder.open(
            target: folder.path.appending("bag"), identity: BackupPlan(hardware.survey).identity(hardware.survey),
            needed: 0)
        await expect(.otherBackupInProgress) {
            _ = try await SimulatedBackups.run(SimulatedConnector(hardware), in: folder)
        }
        #expect(first?.resumedBytes == 0)
        first = nil
        #expect(try await SimulatedBackups.run(SimulatedConnector(hardware), in: folder).summary.isProven)
    }

    @Test("A board without flash, or without MTD")
    func noFlash() async throws {
        let board = try FolderBoard(
            SimulatedHardware(identity: BoardIdentity(model: "none"), chips: [], devices: []))
        let folder = try ScratchFolder()
        let options = BackupOptions(target: folder.path.appending("bag"))
        await expect(.noPartitions) {
            _ = try await Backup.run(board.connector(board.pipe), options: options, environment: .simulated())
        }
        try board.remove("proc/mtd")
        await expect(.noMTD) {
            _ = try await Backup.run(board.connector(board.pipe), options: options, environment: .simulated())
        }
        #expect(!folder.exists("bag.partial"))
    }

    static let hostileNames = [
        "../../etc/passwd", "/absolute", "a/b", "quote\"quote'", "\u{1B}[2J\u{7}bell", "..", ".", "", " ", "con",
        "naïve ☃", "\\x1b", "$(reboot)", "`reboot`", "-rf", "; rm -rf /", String(repeating: "long", count: 100),
    ]

    @Test("Names that were made to do harm do none")
    func hostileNames() async throws {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .spiNOR, blocks: 17, blockSize: 512)
        let names = Self.hostileNames
        let hardware = SimulatedHardware(
            identity: BoardIdentity(model: "\u{1B}]0;model\u{7}\n../x", hostname: "../../h\u{1B}[31m"), chips: [nor],
            devices: names.indices.map { nor.device($0, names[$0], $0..<$0 + 1) })
        let told = Told()
        let folder = try ScratchFolder()
        let report = try await Backup.run(
            SimulatedConnector(hardware), options: BackupOptions(folder: folder.path), environment: .simulated(),
            progress: told.handler)
        #expect(report.summary.isProven && BagCheck.problems(report, hardware).isEmpty)
        #expect(report.manifest.images.count == names.count)
        #expect(FilePath(report.bag).removingLastComponent() == folder.path)
        #expect(try await Verify.run(bag: FilePath(report.bag)).ok)
        for event in told.all {
            let hasControls = "\(event)".unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
            #expect(!hasControls, "\(event)")
        }
        // The same names through a real shell, except those that a kernel's table cannot contain.
        let board = try FolderBoard(hardware)
        let line = try await FolderBackupTests.checked(board, board.pipe) {
            $0.target = nil
            $0.folder = folder.path
        }
        #expect(line.summary.isProven)
    }

    @Test("Sizes that cannot be are refused, or said, and never crash")
    func giganticSizes() async throws {
        for size in [Int.max, Int.max - 4096, 1 << 62, 1 << 40] {
            var hardware = SampleBoards.router()
            hardware.devices[7].partition.size = size
            let folder = try ScratchFolder()
            await expect(.diskFull) { _ = try await SimulatedBackups.run(SimulatedConnector(hardware), in: folder) }
            hardware.devices[5].partition.size = size
            hardware.devices[6].partition.size = Int.max
            await expect(.diskFull) { _ = try await SimulatedBackups.run(SimulatedConnector(hardware), in: folder) }
        }
        for table in ["mtd0: 7fffffffffffffff 00010000 \"x\"\n", "mtd0: ffffffffffffffff ffffffff \"x\"\n"] {
            let board = try FolderBoard(
                SimulatedHardware(identity: BoardIdentity(model: "none"), chips: [], devices: []))
            try board.write("dev:    size   erasesize  name\n" + table, "proc/mtd")
            let folder = try ScratchFolder()
            do {
                let options = BackupOptions(target: folder.path.appending("bag"))
                _ = try await Backup.run(board.connector(board.pipe), options: options, environment: .simulated())
            } catch let error as FlashkeepError {
                Words.expectClear(error)
            }
        }
    }
}
