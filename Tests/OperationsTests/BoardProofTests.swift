import BackupBags
import FlashModel
import Foundation
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// Backups that a board's checksums prove later.
@Suite("Backups against the checksums of a board", .serialized)
struct BoardProofTests {
    private static func bag(_ hardware: SimulatedHardware, in folder: ScratchFolder) async throws -> FilePath {
        FilePath(try await SimulatedBackups.run(SimulatedConnector(hardware), in: folder).bag)
    }

    /// The report of a backup of a board against the board after a change.
    private static func report(
        _ before: SimulatedHardware, _ change: (inout SimulatedHardware) -> Void = { _ in }
    ) async throws -> BoardProofReport {
        let folder = try ScratchFolder()
        let bag = try await bag(before, in: folder)
        var after = before
        change(&after)
        return try await BoardProof.run(bag: bag, board: SimulatedConnector(after))
    }

    private func image(_ report: BoardProofReport, _ name: String) throws -> BoardProofReport.Image {
        try #require(report.images.first { $0.path.contains(name) }, "\(report.images.map(\.path))")
    }

    @Test("A board that is as it was proves all images", arguments: ChecksumAlgorithm.allCases)
    func same(_ algorithm: ChecksumAlgorithm) async throws {
        var hardware = SampleBoards.router()
        hardware.algorithms = [algorithm]
        let report = try await Self.report(hardware)
        #expect(report.isSame && report.isWhole && report.algorithm == algorithm)
        #expect(report.images.allSatisfy { $0.result == .equal && $0.different.isEmpty })
        // The bad blocks have nothing to prove.
        let proven = report.images.map(\.bytesProven).saturatingSum()
        #expect(proven == 60 * 1024)
        #expect(report.images.flatMap(\.omissions).allSatisfy { !$0.isLoss && $0.reason == "factory-bad" })
        #expect(report.notes.isEmpty == (algorithm.bits > 32))
    }

    @Test("A changed byte is found, in its erase block, and nothing is read")
    func changed() async throws {
        let folder = try ScratchFolder()
        var hardware = SampleBoards.router()
        let bag = try await Self.bag(hardware, in: folder)
        hardware.chips["spi0.0"]?.bytes[9 * 1024 + 77] ^= 0x01
        let report = try await BoardProof.run(bag: bag, board: SimulatedConnector(hardware))
        #expect(!report.isSame && report.isWhole)
        let firmware = try image(report, "mtd1")
        #expect(firmware.result == .different)
        #expect(firmware.different.map(\.offset) == [6 * 1024] && firmware.different.map(\.size) == [1024])
        #expect(report.images.filter { $0.result == .different }.count == 1)
    }

    @Test("What the board does not have, and what went bad, was not compared")
    func lacking() async throws {
        let report = try await Self.report(SampleBoards.router()) { board in
            board.devices.removeAll { $0.partition.index == 4 }
            board.chips["nand0"]?.badBlocks.insert(20)
            guard let nand = board.chips["nand0"],
                let ubi = board.devices.firstIndex(where: { $0.partition.index == 7 })
            else { return }
            board.devices[ubi] = nand.device(7, "ubi", 16..<24)
        }
        #expect(report.isSame && !report.isWhole)
        let art = try image(report, "mtd4")
        #expect(art.result == .incomplete && art.bytesProven == 0)
        #expect(art.omissions.map(\.reason) == ["the board does not have these bytes"])
        let ubi = try image(report, "mtd7")
        #expect(ubi.result == .incomplete)
        #expect(ubi.omissions.map(\.reason) == ["factory-bad", "now marked bad"])
    }

    @Test("A board without checksums, and another board, are errors")
    func impossible() async throws {
        let folder = try ScratchFolder()
        var hardware = SampleBoards.router()
        let bag = try await Self.bag(hardware, in: folder)
        let other = SampleBoards.small()
        let unlike = await #expect(throws: FlashkeepError.self) {
            _ = try await BoardProof.run(bag: bag, board: SimulatedConnector(other))
        }
        #expect(unlike?.code == .layoutChanged)
        hardware.algorithms = []
        let toolless = hardware
        let error = await #expect(throws: FlashkeepError.self) {
            _ = try await BoardProof.run(bag: bag, board: SimulatedConnector(toolless))
        }
        #expect(error?.code == .toolMissing && error?.next.contains("diff") == true)
    }

    @Test("A damaged backup is not compared")
    func damaged() async throws {
        let folder = try ScratchFolder()
        let bag = try await Self.bag(SampleBoards.router(), in: folder)
        let image = bag.appending("data/images/mtd4-art.bin")
        var bytes = ScratchFolder.read(image)
        bytes[0] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: image.string))
        let error = await #expect(throws: FlashkeepError.self) {
            _ = try await BoardProof.run(bag: bag, board: SimulatedConnector(SampleBoards.router()))
        }
        #expect(error?.code == .bagDamaged)
    }

    // MARK: Boards with checksums of whole partitions

    /// A backup made over Linux, with the kernel and the root file system as partitions of their own, and the box's loader,
    /// whose mtd1 has both.
    private static func linux() -> SimulatedHardware {
        let box = SimulatedEVA.box()
        guard var nor = box.chips["flash"] else { return box }
        nor.chip.id = "physmap-flash.0"
        return SimulatedHardware(
            identity: BoardIdentity(model: "AVM FRITZ!Box 7170"), chips: [nor],
            devices: [
                nor.device(0, "urlader", 0..<1), nor.device(1, "kernel", 1..<5), nor.device(2, "rootfs", 5..<14),
                nor.device(3, "tffs (1)", 14..<15), nor.device(4, "tffs (2)", 15..<16),
            ])
    }

    @Test("EVA proves a backup that was made over Linux, though it sends nothing")
    func eva() async throws {
        let folder = try ScratchFolder()
        let bag = try await Self.bag(Self.linux(), in: folder)
        let eva = try SimulatedEVA(SimulatedEVA.box()) { $0.sends = false }
        defer { eva.stop() }
        let report = try await BoardProof.run(bag: bag, board: eva.connector())
        #expect(report.isSame && report.isWhole, "\(report.images)")
        #expect(report.images.count == 5 && report.images.allSatisfy { $0.result == .equal })
        #expect(report.notes == ["the board's best checksum, crc32, has only 32 bits"])
        #expect(!eva.commands.contains { $0.hasPrefix("RETR") || $0 == "PASV" } && eva.offences.isEmpty)
        // One byte of the root file system: mtd1 of the loader has that and the kernel.
        eva.flash { $0.chips["flash"]?.bytes[7 * 4096] ^= 0x80 }
        let changed = try await BoardProof.run(bag: bag, board: eva.connector())
        #expect(!changed.isSame && changed.isWhole)
        #expect(changed.images.map(\.result) == [.equal, .different, .different, .equal, .equal])
    }

    @Test("A backup that lacks bytes of a partition is not compared there")
    func holes() async throws {
        let folder = try ScratchFolder()
        var hardware = Self.linux()
        hardware.chips["physmap-flash.0"]?.unreadable = [6 * 4096..<7 * 4096]
        let bag = try await Self.bag(hardware, in: folder)
        let eva = try SimulatedEVA(SimulatedEVA.box())
        defer { eva.stop() }
        let report = try await BoardProof.run(bag: bag, board: eva.connector())
        #expect(report.isSame && !report.isWhole)
        let kernel = try image(report, "mtd1")
        #expect(kernel.result == .incomplete && kernel.omissions.first?.reason.contains("lacks 4 KiB") == true)
        let root = try image(report, "mtd2")
        #expect(root.omissions.map(\.reason).contains("unread") && root.bytesProven == 0)
    }

    @Test("Where the places are not known, size and checksum find the partition, or nothing is said")
    func placeless() async throws {
        let folder = try ScratchFolder()
        let box = SimulatedEVA.box()
        let bag = try await Self.bag(box, in: folder)
        let eva = try SimulatedEVA(box) { $0.environment["flashsize"] = nil }
        defer { eva.stop() }
        let report = try await BoardProof.run(bag: bag, board: eva.connector())
        #expect(report.isSame && report.isWhole, "\(report)")
        #expect(report.notes.count { $0.contains("by size and checksum") } == 4)
        eva.flash { $0.chips["flash"]?.bytes[15 * 4096] ^= 1 }
        let changed = try await BoardProof.run(bag: bag, board: eva.connector())
        // Nobody knows whether they are the same partition, so it is no difference.
        #expect(changed.isSame && !changed.isWhole)
        #expect(try image(changed, "mtd4").result == .incomplete)
        #expect(try image(changed, "mtd4").omissions.first?.reason.contains("size and checksum") == true)
    }

    @Test("A whole that differs while a part is equal differs in the rest; a contradiction is no match")
    func nested() async throws {
        var hardware = SampleBoards.router()
        hardware.algorithms = [.crc32]
        hardware.checksumsWholePartitions = true
        // NAND with bad blocks has no checksum of a whole partition.
        hardware.devices.removeAll { $0.partition.index > 4 }
        hardware.chips["nand0"] = nil
        let report = try await Self.report(hardware) { $0.chips["spi0.0"]?.bytes[4 * 1024] ^= 1 }
        let firmware = try image(report, "mtd1")
        // The root file system is equal, so the kernel differs.
        #expect(firmware.different.map(\.offset) == [0] && firmware.different.map(\.size) == [4 * 1024])
        #expect(firmware.bytesProven == 7 * 1024)
        #expect(report.images.filter { $0.result == .different }.count == 1 && report.isWhole)
    }
}
