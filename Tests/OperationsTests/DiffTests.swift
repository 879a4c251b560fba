import BackupBags
import FlashModel
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

@Suite("What changed on a board")
struct DiffTests {

    /// Compares a board's backup with the board after a change.
    private func compare(
        _ before: SimulatedHardware, _ change: (inout SimulatedHardware) -> Void
    ) async throws -> (report: DiffReport, calls: Int) {
        let folder = try ScratchFolder()
        let bag = try await SimulatedBackups.run(SimulatedConnector(before), in: folder).bag
        var after = before
        change(&after)
        let connector = SimulatedConnector(after)
        let live = try await Diff.run(old: FilePath(bag), board: connector, environment: .simulated())
        let later = try await SimulatedBackups.run(SimulatedConnector(after), in: folder) {
            $0.target = folder.path.appending("later")
        }
        // Comparing two backups must give the same as comparing a backup with the board.
        let two = try await Diff.run(old: FilePath(bag), new: FilePath(later.bag))
        #expect(two.partitions == live.partitions)
        #expect(two.onlyNew == live.onlyNew && two.isSame == live.isSame && two.isWhole == live.isWhole)
        #expect(two.bytesCompared == live.bytesCompared)
        return (live, connector.calls)
    }

    private func runs(_ report: DiffReport, _ index: Int) -> [DiffReport.Run] {
        report.partitions.first { $0.index == index }?.runs ?? []
    }

    @Test("A board that is as it was is the same, and nothing of it is read", arguments: ChecksumAlgorithm.allCases)
    func same(_ algorithm: ChecksumAlgorithm) async throws {
        var hardware = SampleBoards.router()
        hardware.algorithms = [algorithm]
        let report = try await compare(hardware) { _ in }.report
        #expect(report.isSame && report.isWhole && report.onlyNew.isEmpty)
        #expect(report.bytesRead == 0)
        #expect(report.partitions.map(\.index) == Array(0...7))
        // All except the two bad blocks.
        #expect(report.bytesCompared == 16 * 1024 + 22 * 2048)
        #expect(report.notes.isEmpty == (algorithm.bits > 32))
    }

    @Test("Each kind of change, in each partition that holds it", arguments: [true, false])
    func kinds(_ hasChecksums: Bool) async throws {
        var hardware = SampleBoards.router()
        if !hasChecksums { hardware.algorithms = [] }
        let (report, _) = try await compare(hardware) { board in
            // Blocks 2 and 7 of the NOR are blank.
            board.chips["spi0.0"]?.bytes[2 * 1024 + 5] = 0x12
            for place in 4 * 1024..<6 * 1024 { board.chips["spi0.0"]?.bytes[place] = 0xFF }
            for place in 8 * 1024..<8 * 1024 + 300 { board.chips["spi0.0"]?.bytes[place] &= 0x5A }
            for place in 9 * 1024..<10 * 1024 { board.chips["nand0"]?.bytes[9 * 2048 + place - 9 * 1024] ^= 0x5A }
        }
        #expect(!report.isSame && report.isWhole)
        #expect(runs(report, 0) == [.init(offset: 2 * 1024, size: 1024, change: .written)])
        #expect(
            runs(report, 1) == [
                .init(offset: 1024, size: 2048, change: .erased),
                .init(offset: 5 * 1024, size: 1024, change: .bitsCleared),
            ])
        #expect(runs(report, 2) == [.init(offset: 1024, size: 2048, change: .erased)])
        #expect(runs(report, 3) == [.init(offset: 1024, size: 1024, change: .bitsCleared)])
        #expect(runs(report, 4).isEmpty && runs(report, 7).isEmpty)
        // Both partitions that contain block 9 of the NAND.
        #expect(runs(report, 5) == [.init(offset: 9 * 2048, size: 2048, change: .rewritten)])
        #expect(runs(report, 6) == [.init(offset: 2048, size: 2048, change: .rewritten)])
        #expect(report.bytesRead == (hasChecksums ? 4 * 1024 + 2048 : report.bytesCompared))
    }

    @Test("A block that went bad is no change but named")
    func wentBad() async throws {
        let (report, _) = try await compare(SampleBoards.router()) { board in
            board.chips["nand0"]?.badBlocks.insert(20)
            guard let nand = board.chips["nand0"] else { return }
            board.devices[7] = nand.device(7, "ubi", 16..<24)
        }
        #expect(report.isSame && !report.isWhole)
        let ubi = try #require(report.partitions.first { $0.index == 7 })
        #expect(ubi.omissions.map(\.offset) == [2048, 4 * 2048])
        #expect(ubi.omissions.map(\.isLoss) == [false, true])
        #expect(ubi.omissions.map(\.reason) == ["factory-bad", "now marked bad"])
    }

    @Test("What cannot be read is named, and is no change")
    func unreadable() async throws {
        var hardware = SampleBoards.router()
        hardware.algorithms = []
        let folder = try ScratchFolder()
        let bag = try await SimulatedBackups.run(SimulatedConnector(hardware), in: folder).bag
        hardware.chips["spi0.0"]?.unreadable = [1024..<2048]
        let report = try await Diff.run(
            old: FilePath(bag), board: SimulatedConnector(hardware), environment: .simulated())
        #expect(report.isSame && !report.isWhole)
        let boot = try #require(report.partitions.first)
        #expect(boot.omissions == [.init(offset: 1024, size: 1024, reason: "now unread", isLoss: true)])
    }

    @Test("Another partition table and another name of the chip make no difference to the bytes")
    func anotherLayout() async throws {
        let (report, _) = try await compare(SampleBoards.router()) { board in
            guard var nor = board.chips.removeValue(forKey: "spi0.0") else { return }
            nor.bytes[14 * 1024] ^= 1
            nor.chip.id = "flash-1"
            board.chips["flash-1"] = nor
            board.devices.removeFirst(5)
            board.devices += [nor.device(10, "everything", 0..<16), nor.device(11, "calibration", 14..<16, parent: 10)]
        }
        #expect(report.isWhole)
        #expect(runs(report, 4).map(\.size) == [1024])
        #expect(runs(report, 0).isEmpty && runs(report, 1).isEmpty)
        #expect(report.partitions.first { $0.index == 4 }?.newName == "calibration")
        #expect(report.onlyNew == ["mtd10 \"everything\""])
    }

    @Test("What only one side has is named")
    func onlyOneSide() async throws {
        let (report, _) = try await compare(SampleBoards.router()) { board in
            guard let nor = board.chips["spi0.0"] else { return }
            board.devices.removeFirst(5)
            board.devices.append(nor.device(0, "u-boot", 0..<3))
        }
        #expect(report.isSame && !report.isWhole)
        #expect(report.partitions.first { $0.index == 0 }?.omissions.isEmpty == true)
        let firmware = try #require(report.partitions.first { $0.index == 1 })
        #expect(firmware.omissions.map(\.size) == [11 * 1024])
    }

    @Test("Partitions whose places are not known are compared by their names")
    func withoutPlaces() async throws {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .spiNOR, blocks: 6, blockSize: 1024, seed: 8)
        let hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme"), chips: [nor],
            devices: [
                nor.device(0, "a", 0..<2, hasPlace: false), nor.device(1, "b", 2..<4, hasPlace: false),
                nor.device(2, "b", 4..<6, hasPlace: false),
            ])
        let (report, _) = try await compare(hardware) { board in
            board.chips["spi0.0"]?.bytes[5 * 1024 + 7] ^= 0x18
            guard let nor = board.chips["spi0.0"] else { return }
            // The partition numbers changed, as with another kernel.
            board.devices = [
                nor.device(3, "a", 0..<2, hasPlace: false), nor.device(4, "b", 2..<4, hasPlace: false),
                nor.device(5, "b", 4..<6, hasPlace: false),
            ]
        }
        #expect(report.isWhole)
        #expect(runs(report, 0).isEmpty && runs(report, 1).isEmpty)
        #expect(runs(report, 2).map(\.offset) == [1024])
    }

    @Test("Boards without flash in common are refused")
    func nothingInCommon() async throws {
        let folder = try ScratchFolder()
        let bag = try await SimulatedBackups.run(SimulatedConnector(SampleBoards.small()), in: folder).bag
        let other = SimulatedHardware.Flash("spi0.0", kind: .spiNOR, blocks: 6, blockSize: 1024, seed: 8)
        let connector = SimulatedConnector(
            SimulatedHardware(identity: BoardIdentity(), chips: [other], devices: [other.device(0, "all", 0..<6)]))
        await #expect(throws: FlashkeepError(.layoutChanged, what: "", why: "", next: "")) {
            try await Diff.run(old: FilePath(bag), board: connector, environment: .simulated())
        }
    }

    @Test("A damaged backup is not compared, and the board not touched")
    func damaged() async throws {
        let folder = try ScratchFolder()
        let report = try await SimulatedBackups.run(SimulatedConnector(SampleBoards.small()), in: folder)
        let image = FilePath(report.bag).appending(try #require(report.manifest.images.first).path)
        let file = try FileDescriptor.open(image, .writeOnly)
        try file.writeAll(toAbsoluteOffset: 3, [0x55])
        try file.close()
        let connector = SimulatedConnector(SampleBoards.small())
        await #expect(throws: FlashkeepError(.bagDamaged, what: "", why: "", next: "")) {
            try await Diff.run(old: FilePath(report.bag), board: connector, environment: .simulated())
        }
        #expect(connector.connections == 0)
    }

    @Test("What --only left out is named, and cannot be called compared, in both directions")
    func partial() async throws {
        let folder = try ScratchFolder()
        let connector = SimulatedConnector(SampleBoards.router())
        let full = try await SimulatedBackups.run(connector, in: folder).bag
        let partial = try await SimulatedBackups.run(connector, in: folder) {
            $0.target = folder.path.appending("partial")
            $0.only = ["u-boot", "first"]
        }.bag
        let toFull = try await Diff.run(old: FilePath(partial), new: FilePath(full))
        let toBoard = try await Diff.run(old: FilePath(partial), board: connector, environment: .simulated())
        for report in [toFull, toBoard] {
            #expect(report.isSame && !report.isWhole)
            #expect(report.unsaved.contains { $0.title == "mtd4 \"art\"" && $0.reason == CoverGap.notAskedFor })
            #expect(report.onlyNew.isEmpty, "\(report.onlyNew)")
        }
        let fromFull = try await Diff.run(old: FilePath(full), new: FilePath(partial))
        #expect(fromFull.isSame && !fromFull.isWhole && fromFull.unsaved.isEmpty)
    }
}
