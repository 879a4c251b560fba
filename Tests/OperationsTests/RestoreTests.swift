import BackupBags
import FlashModel
import LocalFiles
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

extension RestorePlan {
    /// The partitions that differ and are left as they are.
    fileprivate var differing: [String] { untouched.filter { $0.differs == true }.map(\.subject) }
}

@Suite("Restores of simulated boards")
struct RestoreTests {

    /// A backup, and its folder.
    struct Kept {
        let folder: ScratchFolder
        let bag: FilePath
        let hardware: SimulatedHardware

        init(_ hardware: SimulatedHardware) async throws {
            folder = try ScratchFolder()
            self.hardware = hardware
            bag = FilePath(try await SimulatedBackups.run(SimulatedConnector(hardware), in: folder).bag)
        }

        static func manifest(_ bag: FilePath) throws -> Manifest {
            try Manifest.decode(try BagReader.open(bag).manifestBytes())
        }

        func plan(
            _ connector: SimulatedConnector, _ choice: RestoreChoice = RestoreTests.everything
        ) async throws -> RestorePlanning {
            try await Restore.plan(bag, on: connector, choice: choice).planning
        }

        func restore(
            _ connector: SimulatedConnector, _ choice: RestoreChoice = RestoreTests.everything, reconnects: Int = 0
        ) async throws -> RestoreReport {
            let prepared = try await Restore.plan(bag, on: connector, choice: choice)
            _ = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
            return try await Restore.run(
                prepared, on: connector, before: folder.path.appending("before"), reconnects: reconnects,
                environment: .simulated())
        }
    }

    static let everything = RestoreChoice(allowed: [.bootloader, .environment, .calibration])

    static func router() -> SimulatedHardware {
        var hardware = SampleBoards.router()
        hardware.isWritable = true
        for place in hardware.devices.indices {
            hardware.devices[place].partition.role = .ofName(hardware.devices[place].partition.name)
        }
        return hardware
    }

    /// The same board with a change in each partition, of each kind.
    static func changed(_ hardware: SimulatedHardware) -> SimulatedHardware {
        var hardware = hardware
        hardware.chips["spi0.0"]?.bytes[5] ^= 0x80
        hardware.chips["spi0.0"]?.bytes[2 * 1024 + 5] = 0x12
        for place in 4 * 1024..<6 * 1024 { hardware.chips["spi0.0"]?.bytes[place] = 0xFF }
        for place in 8 * 1024..<8 * 1024 + 300 { hardware.chips["spi0.0"]?.bytes[place] &= 0x5A }
        hardware.chips["spi0.0"]?.bytes[15 * 1024] ^= 1
        for place in 9 * 2048..<10 * 2048 { hardware.chips["nand0"]?.bytes[place] ^= 0x5A }
        for place in 20 * 2048..<21 * 2048 { hardware.chips["nand0"]?.bytes[place] = 0xFF }
        return hardware
    }

    /// Whether all good blocks are equal.
    func isSame(_ one: SimulatedHardware, _ other: SimulatedHardware) -> Bool {
        one.chips.allSatisfy { id, flash in
            let size = flash.chip.eraseBlockSize
            return flash.bytes.indices.allSatisfy { place in
                flash.badBlocks.contains(place / size) || other.chips[id]?.bytes[place] == flash.bytes[place]
            }
        }
    }

    private func erases(_ hardware: SimulatedHardware) -> Int {
        hardware.chips.values.reduce(0) { $0 + $1.erases.values.reduce(0, +) }
    }

    @Test("What is there already is neither erased nor written")
    func nothingToDo() async throws {
        let kept = try await Kept(Self.router())
        let connector = SimulatedConnector(kept.hardware)
        let report = try await kept.restore(connector)
        #expect(report.plan.blockCount == 0 && report.erases == 0 && report.backupBefore == nil)
        #expect(report.plan.untouched.count == 8 && !report.plan.untouched.contains { $0.differs != false })
        #expect(erases(connector.hardware) == 0 && isSame(connector.hardware, kept.hardware))
        #expect(!kept.folder.exists("bag.restore"))
    }

    @Test("All that differs is written, once, and what was there is kept", arguments: [true, false])
    func everything(_ hasChecksums: Bool) async throws {
        var hardware = Self.router()
        if !hasChecksums { hardware.algorithms = [] }
        let kept = try await Kept(hardware)
        let before = Self.changed(kept.hardware)
        let connector = SimulatedConnector(before)
        let report = try await kept.restore(connector)
        #expect(isSame(connector.hardware, kept.hardware))
        // Blocks 0, 2, 4, 5, 8 and 15 of the NOR, 9 and 20 of the NAND.
        #expect(report.blocksWritten == 8 && report.plan.blockCount == 8)
        // The two blank NOR blocks need no erase.
        #expect(report.erases == 6 && erases(connector.hardware) == 6)
        // The block that is blank in the backup is only erased.
        #expect(report.bytesWritten == 5 * 1024 + 2 * 2048)
        #expect(
            report.plan.parts.map(\.role) == [.unknown, .firmware, .firmware, .firmware, .calibration, .bootloader])
        let earlier = try #require(report.backupBefore)
        #expect(try await Verify.run(bag: FilePath(earlier)).ok)
        let same = try await Diff.run(
            old: FilePath(earlier), board: SimulatedConnector(before), environment: .simulated())
        #expect(same.isSame && same.isWhole)
        let status = try Restore.status(kept.bag)
        #expect(status.isEnded && status.parts.allSatisfy { $0.done == $0.planned && $0.unfinished.isEmpty })
        // A second restore has nothing to do.
        #expect(try await kept.restore(connector).plan.blockCount == 0)
    }

    @Test("Bootloader and calibration are left alone unless they are allowed")
    func guarded() async throws {
        let kept = try await Kept(Self.router())
        let connector = SimulatedConnector(Self.changed(kept.hardware))
        let report = try await kept.restore(connector, RestoreChoice())
        #expect(report.blocksWritten == 5)
        #expect(report.plan.differing == ["mtd0 \"u-boot\"", "mtd4 \"art\""])
        let now = connector.hardware.chips["spi0.0"]?.bytes
        #expect(now?[5] == Self.changed(kept.hardware).chips["spi0.0"]?.bytes[5])
    }

    @Test("Only what is asked for")
    func only() async throws {
        let kept = try await Kept(Self.router())
        let connector = SimulatedConnector(Self.changed(kept.hardware))
        let report = try await kept.restore(connector, RestoreChoice(only: ["rootfs"]))
        #expect(report.plan.parts.map(\.partition.name) == ["rootfs"])
        #expect(report.plan.parts.first?.blocks.map(\.offset) == [1024])
        #expect(report.blocksWritten == 1)
    }

    @Test("Only what is asked for is verified, compared and saved; a later restore of all saves the rest")
    func onlyThat() async throws {
        let kept = try await Kept(Self.router())
        let connector = SimulatedConnector(Self.changed(kept.hardware))
        let prepared = try await kept.plan(connector, RestoreChoice(only: ["rootfs"]))
        let plan = try #require(prepared.plan)
        let size = try #require(plan.parts.first?.partition.size)
        #expect(prepared.bytesCompared == size)
        #expect(plan.untouched.contains { $0.subject.hasPrefix("mtd0 ") && $0.differs == nil })

        let report = try await kept.restore(connector, RestoreChoice(only: ["rootfs"]))
        let manifest = try Kept.manifest(FilePath(try #require(report.backupBefore)))
        #expect(manifest.capture.only == ["mtd3 \"rootfs\""])
        #expect(report.backedUpOnly == ["mtd3"])
        #expect(try Restore.status(kept.bag).backedUpOnly == ["mtd3"])
        #expect(manifest.images.map(\.size) == [size])

        // An image that is not needed may be damaged.
        let image = try #require(try Kept.manifest(kept.bag).images.first { $0.chip == "nand0" }?.path)
        var bytes = ScratchFolder.read(kept.bag.appending(image))
        bytes[1] ^= 1
        try kept.folder.write(bytes, "bag/\(image)")
        #expect(try await kept.plan(connector, RestoreChoice(only: ["rootfs"])).plan?.blockCount == 0)
        await #expect(throws: FlashkeepError(.bagDamaged, what: "", why: "", next: "")) {
            _ = try await kept.plan(connector)
        }
    }

    @Test("What an interrupted restore of one partition did not save is saved before others are written")
    func allAfterOne() async throws {
        let kept = try await Kept(Self.router())
        var broken = Self.changed(kept.hardware)
        broken.chips["spi0.0"]?.failing = Dictionary(uniqueKeysWithValues: (0..<16).map { ($0, 100) })
        let connector = SimulatedConnector(broken)
        await #expect(throws: FlashkeepError(.writeFailed, what: "", why: "", next: "")) {
            _ = try await kept.restore(connector, RestoreChoice(only: ["rootfs"]))
        }
        var mended = connector.hardware
        mended.chips["spi0.0"]?.failing = [:]
        let again = SimulatedConnector(mended)
        let report = try await kept.restore(again)
        #expect(isSame(again.hardware, kept.hardware))
        // The first backup is that of the restore of one partition.
        #expect(report.backedUpOnly == ["mtd3"])
        let second = try #require(report.backupsSince.first)
        #expect(try Kept.manifest(FilePath(second)).capture.only == nil)
        #expect(try await Verify.run(bag: FilePath(second)).ok)
    }

    @Test("Another unit keeps what is its own")
    func anotherUnit() async throws {
        let kept = try await Kept(Self.router())
        var other = Self.changed(kept.hardware)
        other.identity.macAddresses = ["02:00:00:00:00:99"]
        let connector = SimulatedConnector(other)
        let refused = try await kept.plan(connector)
        #expect(refused.plan == nil && refused.refusals.map(\.code) == [.otherUnit])
        var choice = Self.everything
        choice.isAnotherUnit = true
        let report = try await kept.restore(connector, choice)
        #expect(report.plan.differing == ["mtd0 \"u-boot\"", "mtd4 \"art\""])
        #expect(report.blocksWritten == 5)
        #expect(connector.hardware.chips["spi0.0"]?.bytes[15 * 1024] == other.chips["spi0.0"]?.bytes[15 * 1024])
    }

    // MARK: Several blocks at once

    @Test("A writer that takes several blocks at once gets them so", arguments: [2, 3, 100])
    func together(_ count: Int) async throws {
        let kept = try await Kept(Self.router())
        var hardware = Self.changed(kept.hardware)
        hardware.blocksAtOnce = count
        let connector = SimulatedConnector(hardware)
        let report = try await kept.restore(connector)
        #expect(isSame(connector.hardware, kept.hardware))
        #expect(report.blocksWritten == 8 && report.erases == 8 && report.bytesWritten == 6 * 1024 + 2 * 2048)
        let steps = connector.hardware.steps
        #expect(steps.reduce(0, +) == 8 && steps.allSatisfy { $0 <= count } && steps.contains { $0 > 1 })
        let status = try Restore.status(kept.bag)
        #expect(status.isEnded && status.parts.allSatisfy { $0.done == $0.planned && $0.unfinished.isEmpty })
    }

    @Test("A block that fails among several is written again by itself; one that goes on failing ends it")
    func togetherFailing() async throws {
        let kept = try await Kept(Self.router())
        var broken = Self.changed(kept.hardware)
        broken.blocksAtOnce = 100
        broken.chips["spi0.0"]?.failing = [4: 1]
        let connector = SimulatedConnector(broken)
        #expect(try await kept.restore(connector).blocksWritten == 8)
        #expect(isSame(connector.hardware, kept.hardware))

        broken.chips["spi0.0"]?.failing = [:]
        broken.chips["spi0.0"]?.lying = [4]
        let other = try await Kept(Self.router())
        await #expect(throws: FlashkeepError(.writeFailed, what: "", why: "", next: "")) {
            _ = try await other.restore(SimulatedConnector(broken))
        }
        let unfinished = try Restore.status(other.bag).parts.flatMap(\.unfinished)
        #expect(unfinished.count == 1)
    }

    // MARK: Blocks that fail

    @Test("A block that fails once is erased and written again")
    func failsOnce() async throws {
        let kept = try await Kept(Self.router())
        var broken = Self.changed(kept.hardware)
        broken.chips["nand0"]?.failing = [9: 1]
        let connector = SimulatedConnector(broken)
        let report = try await kept.restore(connector)
        #expect(report.blocksWritten == 8 && isSame(connector.hardware, kept.hardware))
    }

    @Test("A block that fails ends it, and nothing after it is touched", arguments: [true, false])
    func fails(_ isLying: Bool) async throws {
        let kept = try await Kept(Self.router())
        var broken = Self.changed(kept.hardware)
        if isLying { broken.chips["spi0.0"]?.lying = [8] } else { broken.chips["spi0.0"]?.failing = [8: 100] }
        let connector = SimulatedConnector(broken)
        await #expect(throws: FlashkeepError(.writeFailed, what: "", why: "", next: "")) {
            _ = try await kept.restore(connector)
        }
        let status = try Restore.status(kept.bag)
        #expect(!status.isEnded)
        #expect(status.parts.filter { !$0.unfinished.isEmpty }.map(\.partition) == ["mtd3 \"rootfs\""])
        // Calibration and bootloader come later.
        #expect(connector.hardware.chips["spi0.0"]?.bytes[5] == broken.chips["spi0.0"]?.bytes[5])
        #expect(connector.hardware.chips["spi0.0"]?.bytes[15 * 1024] == broken.chips["spi0.0"]?.bytes[15 * 1024])
        // Once repaired, the restore continues, with the backup of the original contents.
        var mended = connector.hardware
        mended.chips["spi0.0"]?.lying = []
        mended.chips["spi0.0"]?.failing = [:]
        let again = SimulatedConnector(mended)
        let report = try await kept.restore(again)
        #expect(isSame(again.hardware, kept.hardware))
        let earlier = try #require(report.backupBefore)
        let same = try await Diff.run(
            old: FilePath(earlier), board: SimulatedConnector(Self.changed(kept.hardware)), environment: .simulated())
        #expect(same.isSame)
    }

    @Test("A block that was begun is erased again, whatever it reads as")
    func begun() async throws {
        let kept = try await Kept(Self.router())
        let image = try BagReader.open(kept.bag).manifest().images.first { $0.chip == "nand0" }
        let block = RestoreEntry.Block(image: try #require(image).path, offset: 2048, size: 2048)
        func begin() throws {
            let journal = try RestoreJournal(of: kept.bag)
            try journal.append(RestoreEntry(.planned, at: "2026-11-21T00:00:00Z", address: "simulated:"))
            try journal.append(
                RestoreEntry(.began, at: "2026-11-21T00:00:01Z", partition: "mtd5 \"first\"", block: block))
        }
        try begin()
        let connector = SimulatedConnector(kept.hardware)
        let report = try await kept.restore(connector)
        #expect(report.blocksWritten == 1 && report.erases == 1)
        #expect(connector.hardware.chips["nand0"]?.erases == [1: 1])
        #expect(isSame(connector.hardware, kept.hardware))
    }

    // MARK: Cuts

    /// How a run ends.
    enum Cut: String, CaseIterable {
        /// The board is lost, and its operation was completed or not started.
        case lost
        /// The board loses power in the middle of an erase or a write.
        case power
        /// The board is lost, and the same run reconnects.
        case lostAndFound
        /// The user presses ^C.
        case cancelled
    }

    @Test(
        "Cut off at every call to the board, it is done or can be gone on with", arguments: Cut.allCases, [false, true])
    func everyCut(_ cut: Cut, _ erasesPartitions: Bool) async throws {
        var small = SampleBoards.small()
        small.isWritable = true
        small.erasesPartitions = erasesPartitions
        small.tears = cut == .power
        let kept = try await Kept(small)
        var before = small
        for place in [3, 2 * 512 + 9, 5 * 512 + 511] { before.chips["nand0"]?.bytes[place] ^= 0x42 }
        for place in 4 * 512..<5 * 512 { before.chips["nand0"]?.bytes[place] = 0xFF }
        let undisturbed = SimulatedConnector(before)
        _ = try await kept.restore(undisturbed)
        try kept.folder.removeAll(but: "bag")
        var points = 0
        for call in 0..<undisturbed.calls {
            let connector = SimulatedConnector(before) { _, _ in
            } onCall: { number, _ in
                guard number == call else { return }
                if cut == .cancelled { throw CancellationError() }
                throw SimulatedConnector.lost
            }
            points += 1
            do {
                _ = try await kept.restore(connector, reconnects: cut == .lostAndFound ? 3 : 0)
            } catch let error as FlashkeepError {
                #expect(error.code == .boardLost, "cut at \(call): \(error)")
            } catch is CancellationError {
                #expect(cut == .cancelled)
            }
            let again = SimulatedConnector(connector.hardware)
            let report = try await kept.restore(again)
            #expect(isSame(again.hardware, small), "cut at \(call)")
            if let earlier = report.backupBefore {
                let same = try await Diff.run(
                    old: FilePath(earlier), board: SimulatedConnector(before), environment: .simulated())
                #expect(same.isSame, "cut at \(call): the backup of what was there")
            }
            #expect(try Restore.status(kept.bag).isEnded, "cut at \(call)")
            try kept.folder.removeAll(but: "bag")
        }
        print("restore cut at each of \(points) calls, \(cut.rawValue)\(erasesPartitions ? ", whole partitions" : "")")
        #expect(points > 30)
    }

    /// The disk stays full from some point on, or fails once: what is not in the journal must not be on the flash.
    @Test(
        "When this computer's disk fails at any operation, it is done or can be gone on with", arguments: [true, false])
    func everyDiskOperation(_ isFull: Bool) async throws {
        var small = SampleBoards.small()
        small.isWritable = true
        let kept = try await Kept(small)
        var before = small
        for place in [3, 2 * 512 + 9] { before.chips["nand0"]?.bytes[place] ^= 0x42 }
        func restore(_ connector: SimulatedConnector, _ trouble: DiskTrouble) async throws -> RestoreReport {
            let prepared = try await Restore.plan(kept.bag, on: connector, choice: Self.everything)
            _ = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
            return try await Restore.run(
                prepared, on: connector, before: kept.folder.path.appending("before"), reconnects: 0,
                environment: .simulated(), disk: Disk(watcher: trouble))
        }
        let counter = DiskTrouble()
        _ = try await restore(SimulatedConnector(before), counter)
        try kept.folder.removeAll(but: "bag")
        var points = 0
        for operation in 0..<counter.count {
            let connector = SimulatedConnector(before)
            let last = isFull ? Int.max : operation + 1
            do {
                _ = try await restore(connector, DiskTrouble(failing: operation..<last, isFull ? .noSpace : .ioError))
            } catch let error as FlashkeepError {
                #expect([.diskFull, .fileUnavailable].contains(error.code), "at \(operation): \(error)")
            }
            points += 1
            let again = SimulatedConnector(connector.hardware)
            let report = try await restore(again, DiskTrouble())
            #expect(isSame(again.hardware, small), "at \(operation)")
            if let earlier = report.backupBefore {
                let same = try await Diff.run(
                    old: FilePath(earlier), board: SimulatedConnector(before), environment: .simulated())
                #expect(same.isSame, "at \(operation): the backup of what was there")
            }
            try kept.folder.removeAll(but: "bag")
        }
        print("restore with a disk that \(isFull ? "is full from" : "fails at") each of \(points) operations")
        #expect(points > 30)
    }
}
