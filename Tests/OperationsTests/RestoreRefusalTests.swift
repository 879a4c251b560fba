import BackupBags
import FlashModel
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// What a restore must refuse: a test for each rule, which also checks that the board is only read.
@Suite("Refused restores")
struct RestoreRefusalTests {
    /// A board when it was backed up, and when the backup is to be restored.
    private struct Scene {
        var then = RestoreTests.router()
        var now = RestoreTests.router()
        var choice = RestoreTests.everything
        /// The board of another, unfinished restore of the backup.
        var openOn: BoardIdentity?
        /// The subject of the refusal.
        var subject: String

        init(_ subject: String, _ change: (inout Scene) -> Void) {
            self.subject = subject
            // One block of the root file system differs.
            now.chips["spi0.0"]?.bytes[8 * 1024] ^= 0x42
            change(&self)
        }
    }

    private static func device(_ scene: inout Scene, _ index: Int, _ change: (inout Partition) -> Void) {
        for place in scene.now.devices.indices where scene.now.devices[place].partition.index == index {
            change(&scene.now.devices[place].partition)
        }
    }

    @Test("A guessed place refuses nothing")
    func guess() async throws {
        func guessed(_ hardware: SimulatedHardware) -> SimulatedHardware {
            var hardware = hardware
            for place in hardware.devices.indices where hardware.devices[place].partition.chip == "spi0.0" {
                hardware.devices[place].partition.offset = hardware.devices[place].start + 0x123
                hardware.devices[place].partition.offsetSource = .guess
            }
            return hardware
        }
        let kept = try await RestoreTests.Kept(guessed(RestoreTests.router()))
        var now = guessed(RestoreTests.router())
        now.chips["spi0.0"]?.bytes[8 * 1024] ^= 0x42
        let planning = try await kept.plan(
            SimulatedConnector(now),
            RestoreChoice(only: ["rootfs"], allowed: [.bootloader, .environment, .calibration]))
        #expect(planning.refusals.isEmpty, "\(planning.refusals)")
        #expect(planning.plan?.blockCount == 1)
    }

    private static func scene(_ code: RestoreRefusal.Code) -> Scene {
        switch code {
        case .otherModel: Scene("the board") { $0.now.identity.model = "Acme R2" }
        case .otherUnit: Scene("the board") { $0.now.identity.macAddresses = ["02:00:00:00:00:77"] }
        case .otherRestoreOpen:
            Scene("the board") { scene in
                scene.openOn = scene.now.identity
                scene.now.identity.macAddresses = ["02:00:00:00:00:77"]
                scene.choice.isAnotherUnit = true
            }
        case .otherChip:
            Scene("chip nand0") { scene in
                scene.now.chips["nand0"]?.bytes[3 * 2048] ^= 1
                scene.now.chips["nand0"]?.chip.oobSize = 32
            }
        case .layoutChanged:
            Scene("mtd3 \"rootfs\"") { scene in
                scene.now.devices.removeAll { (1...3).contains($0.partition.index) }
                scene.choice.only = ["rootfs"]
            }
        case .unknownPartition: Scene("--skip-bad u-boot") { $0.choice.streams = ["u-boot"] }
        case .overlappingChoice: Scene("mtd1 \"firmware\"") { $0.choice.only = ["firmware", "mtd3"] }
        case .notAllowed:
            Scene("mtd0 \"u-boot\"") { scene in
                scene.now.chips["spi0.0"]?.bytes[3] ^= 1
                scene.choice = RestoreChoice(only: ["u-boot"], allowed: [.calibration, .environment])
            }
        case .ofAnotherUnit:
            Scene("mtd4 \"art\"") { scene in
                scene.now.chips["spi0.0"]?.bytes[15 * 1024] ^= 1
                scene.choice = RestoreChoice(only: ["art"], allowed: [.calibration], isAnotherUnit: true)
            }
        case .damagedImage:
            Scene("mtd3 \"rootfs\"") { $0.then.chips["spi0.0"]?.failed = [8] }
        case .notInBackup:
            Scene("mtd9 \"gone\"") { scene in
                guard var gone = scene.then.chips["spi0.0"]?.device(9, "gone", 0..<1) else { return }
                gone.partition.size = 0
                scene.then.devices.append(gone)
                scene.choice.only = ["gone"]
            }
        case .inUse:
            Scene("mtd3 \"rootfs\"") { scene in device(&scene, 3) { $0.uses = ["mounted ro on / (squashfs)"] } }
        case .readOnly:
            Scene("mtd3 \"rootfs\"") { scene in
                device(&scene, 3) { $0.isWritable = false }
                device(&scene, 1) { $0.isWritable = false }
            }
        case .volumeView:
            Scene("mtd9 \"rootfs_data\"") { scene in
                guard var view = scene.then.chips["nand0"]?.device(9, "rootfs_data", 0..<1) else { return }
                view.partition.type = "ubi"
                scene.then.devices.append(view)
                scene.choice.only = ["mtd9"]
            }
        case .unaligned:
            Scene("mtd3 \"rootfs\"") { scene in
                device(&scene, 3) { $0.eraseBlockSize = 4096 }
            }
        case .badBlock:
            Scene("mtd7 \"ubi\"") { scene in
                scene.now.chips["nand0"]?.badBlocks.insert(20)
                if let nand = scene.now.chips["nand0"] { scene.now.devices[7] = nand.device(7, "ubi", 16..<24) }
            }
        case .badBlocksUnknown:
            Scene("mtd7 \"ubi\"") { scene in
                scene.now.chips["nand0"]?.bytes[20 * 2048] ^= 1
                device(&scene, 7) { $0.badBlocks?.isComplete = false }
            }
        case .noWay:
            Scene("mtd3 \"unwritable\"") { scene in device(&scene, 3) { $0.name = "unwritable" } }
        }
    }

    @Test("Each rule", arguments: RestoreRefusal.Code.allCases)
    func each(_ code: RestoreRefusal.Code) async throws { try await Self.check(code) }

    /// Breaks a rule, and checks that the restore is refused and the board only read.
    static func check(_ code: RestoreRefusal.Code) async throws {
        let scene = scene(code)
        let kept = try await RestoreTests.Kept(scene.then)
        let connector = SimulatedConnector(scene.now)
        if let board = scene.openOn {
            let journal = try RestoreJournal(of: kept.bag)
            try journal.append(RestoreEntry(.planned, at: "2026-11-21T00:00:00Z", board: board))
        }
        let planning = try await kept.plan(connector, scene.choice)
        #expect(planning.plan == nil)
        #expect(planning.refusals.map(\.code) == [code], "\(planning.refusals)")
        let refusal = try #require(planning.refusals.first)
        #expect(refusal.subject == scene.subject, "\(refusal)")
        #expect(!refusal.why.isEmpty && !refusal.next.isEmpty)
        let isUntouched = connector.hardware.chips.values.allSatisfy { $0.erases.isEmpty }
        #expect(isUntouched)
    }

    @Test("A chip of which nothing is known may hold the bootloader anywhere")
    func wholeChip() async throws {
        let nor = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 4, blockSize: 1024, seed: 3)
        var hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme", macAddresses: ["02:00:00:00:00:01"]), chips: [nor],
            devices: [nor.device(0, "nor0", 0..<4)])
        hardware.isWritable = true
        let kept = try await RestoreTests.Kept(hardware)
        hardware.chips["nor0"]?.bytes[2000] ^= 1
        let plan = try #require(try await kept.plan(SimulatedConnector(hardware), RestoreChoice()).plan)
        #expect(plan.blockCount == 0 && plan.untouched.map { $0.differs } == [true])
        let allowed = try await kept.plan(SimulatedConnector(hardware), RestoreChoice(allowed: [.bootloader]))
        #expect(allowed.plan?.blockCount == 1)
    }

    @Test("A board that cannot be written refuses, and says what would help")
    func noWriter() async throws {
        let kept = try await RestoreTests.Kept(SampleBoards.router())
        var hardware = SampleBoards.router()
        hardware.chips["spi0.0"]?.bytes[8 * 1024] ^= 0x42
        let planning = try await kept.plan(SimulatedConnector(hardware))
        #expect(planning.refusals.map(\.code) == [.noWay])
    }

    @Test("A damaged backup is refused before the board is touched")
    func damagedBackup() async throws {
        let kept = try await RestoreTests.Kept(RestoreTests.router())
        let image = try #require(try BagReader.open(kept.bag).manifest().images.first)
        let file = try FileDescriptor.open(kept.bag.appending(image.path), .writeOnly)
        try file.writeAll(toAbsoluteOffset: 3, [0x55])
        try file.close()
        let connector = SimulatedConnector(kept.hardware)
        await #expect(throws: FlashkeepError(.bagDamaged, what: "", why: "", next: "")) {
            _ = try await kept.plan(connector)
        }
        #expect(connector.connections == 0)
    }

    @Test("What was written to since the plan was made, and is not in it, is neither overwritten nor lost")
    func changedMeanwhile() async throws {
        let kept = try await RestoreTests.Kept(RestoreTests.router())
        var hardware = kept.hardware
        hardware.chips["spi0.0"]?.bytes[8 * 1024] ^= 0x42
        let prepared = try await Restore.plan(
            kept.bag, on: SimulatedConnector(hardware), choice: RestoreTests.everything)
        hardware.chips["spi0.0"]?.bytes[10 * 1024] ^= 0x42
        let connector = SimulatedConnector(hardware)
        let report = try await Restore.run(
            prepared, on: connector, before: kept.folder.path.appending("before"), environment: .simulated())
        #expect(connector.hardware.chips["spi0.0"]?.erases == [8: 1])
        let before = try #require(report.backupBefore)
        let same = try await Diff.run(
            old: FilePath(before), board: SimulatedConnector(hardware), environment: .simulated())
        #expect(same.isSame)
    }

    @Test("What is in use since the plan was made is not written")
    func inUseMeanwhile() async throws {
        let kept = try await RestoreTests.Kept(RestoreTests.router())
        var hardware = kept.hardware
        hardware.chips["spi0.0"]?.bytes[8 * 1024] ^= 0x42
        let prepared = try await Restore.plan(
            kept.bag, on: SimulatedConnector(hardware), choice: RestoreTests.everything)
        hardware.devices[3].partition.uses = ["mounted rw on / (jffs2)"]
        let connector = SimulatedConnector(hardware)
        await #expect(throws: FlashkeepError(.layoutChanged, what: "", why: "", next: "")) {
            _ = try await Restore.run(
                prepared, on: connector, before: kept.folder.path.appending("before"), environment: .simulated())
        }
        #expect(connector.hardware.chips["spi0.0"]?.erases.isEmpty == true)
    }
}
