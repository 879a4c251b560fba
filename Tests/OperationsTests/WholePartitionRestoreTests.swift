import FlashModel
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

@Suite("Restores where no less than a whole partition can be erased")
struct WholePartitionRestoreTests {
    private typealias Kept = RestoreTests.Kept

    private static func board(_ hardware: SimulatedHardware) -> SimulatedHardware {
        var hardware = hardware
        hardware.isWritable = true
        hardware.erasesPartitions = true
        return hardware
    }

    @Test("All good blocks of what differs are written, and the others are left alone")
    func everything() async throws {
        let kept = try await Kept(Self.board(RestoreTests.router()))
        let connector = SimulatedConnector(RestoreTests.changed(kept.hardware))
        let report = try await kept.restore(connector)
        #expect(RestoreTests().isSame(connector.hardware, kept.hardware))
        // mtd0, mtd2, mtd3 and mtd4 of the NOR; of the NAND mtd6 and mtd7, which has a bad block. mtd1 contains others.
        #expect(report.plan.parts.map(\.partition.index).sorted() == [0, 2, 3, 4, 6, 7])
        #expect(report.blocksWritten == 3 + 4 + 7 + 2 + 8 + 7 && report.erases == report.blocksWritten)
        #expect(connector.hardware.chips["nand0"]?.erases[1] == nil)
        #expect(report.plan.warnings.count { $0.contains("can erase only the whole of") } == 6)
        #expect(try await kept.restore(connector).plan.blockCount == 0)
    }

    @Test("What lies within a partition that is erased goes with it")
    func nested() async throws {
        let kept = try await Kept(Self.board(SampleBoards.small()))
        var before = kept.hardware
        for place in [2 * 512, 5 * 512] { before.chips["nand0"]?.bytes[place] ^= 1 }
        let connector = SimulatedConnector(before)
        let report = try await kept.restore(connector)
        #expect(report.plan.parts.map(\.partition.index) == [1] && report.blocksWritten == 4)
        #expect(connector.hardware.chips["nand0"]?.erases == [2: 1, 3: 1, 4: 1, 5: 1])
        #expect(RestoreTests().isSame(connector.hardware, kept.hardware))
    }

    @Test("A block that fails ends it: the others of its partition are blank, and the next run writes all")
    func fails() async throws {
        let kept = try await Kept(Self.board(SampleBoards.small()))
        var before = kept.hardware
        before.chips["nand0"]?.bytes[4 * 512] ^= 1
        before.chips["nand0"]?.lying = [4]
        let connector = SimulatedConnector(before)
        await #expect(throws: FlashkeepError(.commandFailed, what: "", why: "", next: "")) {
            _ = try await kept.restore(connector)
        }
        #expect(try Restore.status(kept.bag).parts.map(\.unfinished.count) == [2])
        #expect(connector.hardware.chips["nand0"]?.bytes[5 * 512..<6 * 512].allSatisfy { $0 == 0xFF } == true)
        var mended = connector.hardware
        mended.chips["nand0"]?.lying = []
        let again = SimulatedConnector(mended)
        #expect(try await kept.restore(again).blocksWritten == 2)
        #expect(RestoreTests().isSame(again.hardware, kept.hardware))
    }

    @Test("It is refused where the backup lacks a block of it")
    func incomplete() async throws {
        let kept = try await Kept(Self.board(SampleBoards.small()))
        var before = kept.hardware
        before.chips["nand0"]?.badBlocks = []
        before.chips["nand0"]?.bytes[0] ^= 1
        for place in before.devices.indices { before.devices[place].partition.badBlocks?.bad = [] }
        let planning = try await kept.plan(SimulatedConnector(before))
        #expect(planning.plan == nil && planning.refusals.map(\.code) == [.noWay])
        #expect(planning.refusals.first?.why.contains("has no bytes for its block at 0x00000200") == true)
    }

    @Test("It is refused where only a part of it was asked for")
    func onlyAPart() async throws {
        let kept = try await Kept(Self.board(SampleBoards.small()))
        var before = kept.hardware
        let nand = try #require(before.chips["nand0"])
        before.chips["nand0"]?.bytes[5 * 512] ^= 1
        before.devices = [nand.device(0, "all", 2..<6)]
        let planning = try await kept.plan(SimulatedConnector(before), RestoreChoice(only: ["rootfs"]))
        #expect(planning.plan == nil && planning.refusals.map(\.code) == [.noWay], "\(planning.refusals)")
        #expect(planning.refusals.first?.why.contains("only a part of it was requested") == true)
    }
}
