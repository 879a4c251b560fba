import BackupBags
import BoardAccess
import FlashAccess
import FlashModel
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// Whole backups from web pages, and what can be done with them.
@Suite("Backups from web pages", .serialized)
struct WebBackupTests {
    /// NOR with nested partitions, as a board with OpenWrt has; no partition overlaps another in part.
    private static func hardware() -> SimulatedHardware {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .nor, blocks: 16, blockSize: 4096, seed: 13)
        var hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1", hostname: "acme"), chips: [nor],
            devices: [
                nor.device(0, "u-boot", 0..<2), nor.device(1, "firmware", 2..<15),
                nor.device(2, "kernel", 2..<6, parent: 1), nor.device(3, "rootfs", 6..<15, parent: 1),
                nor.device(4, "art", 15..<16),
            ])
        hardware.isWritable = true
        return hardware
    }

    private static func backup(
        _ connector: any BoardConnector, in folder: ScratchFolder, _ name: String = "bag",
        _ change: (inout BackupOptions) -> Void = { _ in }
    ) async throws -> BackupReport {
        var options = BackupOptions(target: folder.path.appending(name), reconnects: 0)
        change(&options)
        let report = try await Backup.run(connector, options: options, environment: .simulated())
        let verified = try await Verify.run(bag: FilePath(report.bag))
        #expect(verified.ok && verified.summary == report.summary, "\(verified.problems)")
        return report
    }

    private static func expectBytes(
        _ report: BackupReport, _ hardware: SimulatedHardware, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let problems = BagCheck.problems(report) { SimulatedDumpPage.bytes($0.index, of: hardware) }
        #expect(problems.isEmpty, "\(problems)", sourceLocation: sourceLocation)
        #expect(
            report.manifest.partitions.filter { $0.view != nil }.count == hardware.devices.count,
            sourceLocation: sourceLocation)
    }

    // MARK: Each kind of page

    @Test("A page of links, with and without /proc/mtd and ranges", arguments: [true, false], [true, false])
    func page(_ hasTable: Bool, _ hasRanges: Bool) async throws {
        let folder = try ScratchFolder()
        var page = SimulatedDumpPage(Self.hardware())
        page.hasTable = hasTable
        page.hasRanges = hasRanges
        let served = page
        let server = try TestWebServer { served.reply($0) }
        defer { server.stop() }
        let report = try await Self.backup(try server.connector(), in: folder)
        Self.expectBytes(report, page.hardware)
        // Each file is read twice, and nothing else is said of it.
        #expect(report.manifest.images.allSatisfy { $0.proof.against == .secondRead && $0.proof.result == .proven })
        #expect(!report.summary.isWhole && !report.summary.isComplete && report.summary.isProven)
        let unknown = report.summary.unknown.joined(separator: "\n")
        #expect(unknown.contains("the size of chip0 is unknown") && unknown.contains("offsets"))
        #expect(unknown.contains("no copy of /proc/mtd") == !hasTable)
        #expect(report.manifest.capture.way == "a web page of dumps (HTTP)")
        #expect(try Python.path == nil || Python.accepts(bag: report.bag))
    }

    @Test("LuCI, new and old", arguments: [true, false])
    func luci(_ isNew: Bool) async throws {
        let folder = try ScratchFolder()
        let server =
            isNew
            ? try SimulatedLuCI(Self.hardware()).server() : try SimulatedLuaLuCI(Self.hardware()).server()
        defer { server.stop() }
        let report = try await Self.backup(try server.connector("luci", password: "secret word"), in: folder)
        Self.expectBytes(report, Self.hardware())
        #expect(!report.summary.isComplete && report.summary.isProven, "\(report.summary.sentences)")
        #expect(report.manifest.board.model == (isNew ? "Acme R1" : nil))
        #expect(report.summary.unknown.contains { $0.contains("NAND has bad blocks, which LuCI does not show") })
    }

    @Test("A partition to which the board writes between the two reads is not called proven")
    func changing() async throws {
        let folder = try ScratchFolder()
        let luci = SimulatedLuCI(Self.hardware())
        let server = try luci.server()
        defer { server.stop() }
        // Written once after the first read: all later reads agree, and a live partition is said to have changed.
        luci.change { $0.writes = [3: 2] }
        let report = try await Self.backup(try server.connector("luci", password: "secret word"), in: folder)
        let image = try #require(report.image(3))
        #expect(image.proof.result == .changed && !report.summary.isProven)
        #expect(image.blocks.map(\.state) == [.changed] && image.blocks.map(\.offset) == [8 * 4096])
        #expect(report.image(0)?.proof.result == .proven)
    }

    @Test("MediaTek's failsafe pages: bad blocks are named, and nothing stands in their place")
    func failsafe() async throws {
        let folder = try ScratchFolder()
        let hardware = SimulatedFailsafe.router()
        let failsafe = SimulatedFailsafe(hardware)
        let server = try failsafe.server()
        defer { server.stop() }
        let report = try await Self.backup(try server.connector(path: "/"), in: folder)
        let problems = BagCheck.problems(report, hardware)
        #expect(problems.isEmpty, "\(problems)")
        #expect(report.manifest.images.map(\.badBlocks) == [[3 << 17, 5 << 17]])
        #expect(report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)")
        // Without the console nobody knows.
        failsafe.change { $0.hasConsole = false }
        let blind = try await Self.backup(try server.connector(path: "/"), in: folder, "blind")
        #expect(!blind.summary.isComplete)
        #expect(blind.summary.unknown.contains { $0.contains("sends other bytes in their place") })
    }

    // MARK: Interruptions

    @Test("What LuCI cannot read ends the backup at the place; what was read is kept")
    func truncated() async throws {
        let folder = try ScratchFolder()
        let hardware = Self.hardware()
        let luci = SimulatedLuCI(hardware)
        let server = try luci.server()
        defer { server.stop() }
        luci.change { $0.readErrors = [3: 8192] }
        let connector = try server.connector("luci", password: "secret word")
        let error = await #expect(throws: FlashkeepError.self) { _ = try await Self.backup(connector, in: folder) }
        #expect(error?.code == .unreadable && error?.what.contains("0x00002000") == true)
        // What was read is kept, and the same command goes on.
        luci.change { $0.readErrors = [:] }
        let report = try await Self.backup(connector, in: folder)
        #expect(report.resumedBytes > 8192)
        Self.expectBytes(report, hardware)
        // Without that partition the backup is made, and says so.
        luci.change { $0.readErrors = [3: 8192] }
        let only = try await Self.backup(connector, in: folder, "only") { $0.only = ["mtd0,mtd1,mtd2,mtd4"] }
        #expect(only.manifest.partitions.first { $0.index == 3 }?.view == nil)
    }

    // MARK: Restores

    /// A board of the same flash, with a few other bytes.
    private static func changed() -> SimulatedHardware {
        var hardware = hardware()
        for place in stride(from: 7 * 4096, to: 9 * 4096, by: 7) { hardware.chips["spi0.0"]?.bytes[place] ^= 0x5A }
        hardware.chips["spi0.0"]?.bytes[3 * 4096] ^= 1
        return hardware
    }

    /// The same partitions, but none that holds another: a folder's files are apart.
    private static func flat(_ hardware: SimulatedHardware) -> SimulatedHardware {
        var hardware = hardware
        hardware.devices.removeAll { $0.partition.index == 1 }
        for position in hardware.devices.indices { hardware.devices[position].partition.parent = nil }
        return hardware
    }

    private static let tools = FolderBoard.allTools + ["flash_erase"]

    @Test("A backup that came by HTTP is restored over a shell", arguments: [[], ["rootfs"]])
    func restore(_ only: [String]) async throws {
        let folder = try ScratchFolder()
        let page = SimulatedDumpPage(Self.flat(Self.hardware()))
        let server = try TestWebServer { page.reply($0) }
        defer { server.stop() }
        let bag = FilePath(try await Self.backup(try server.connector(), in: folder).bag)
        let board = try FolderBoard(Self.flat(Self.changed()), tools: Self.tools)
        let connector = board.connector(board.pipe)
        let prepared = try await Restore.plan(bag, on: connector, choice: RestoreChoice(only: only))
        let plan = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
        // By name and size, because the page told no places.
        #expect(
            plan.parts.map { "\($0.partition.label) \($0.blocks.map { $0.offset / 4096 })" }
                == (only.isEmpty ? ["mtd2 [1]", "mtd3 [1, 2]"] : ["mtd3 [1, 2]"]))
        #expect(plan.untouched.contains { $0.subject.contains("u-boot") || $0.subject.contains("kernel") })
        let report = try await Restore.run(
            prepared, on: connector, before: folder.path.appending("before"), reconnects: 0, environment: .simulated())
        #expect(report.blocksWritten == (only.isEmpty ? 3 : 2))
        #expect(board.contents["dev/mtd3"] == SimulatedDumpPage.bytes(3, of: Self.hardware()))
        let differences = try await Diff.run(old: bag, board: connector, environment: .simulated())
        #expect(differences.isSame == only.isEmpty)
    }

    @Test("Partitions inside others: each byte is compared and written once")
    func nested() async throws {
        let folder = try ScratchFolder()
        let page = SimulatedDumpPage(Self.hardware())
        let server = try TestWebServer { page.reply($0) }
        defer { server.stop() }
        let bag = FilePath(try await Self.backup(try server.connector(), in: folder).bag)
        let board = SimulatedConnector(Self.changed())
        for only in [[], ["firmware"], ["rootfs"]] {
            let prepared = try await Restore.plan(bag, on: board, choice: RestoreChoice(only: only))
            let plan = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
            let places = plan.parts.flatMap { part in
                part.blocks.map { ($0.offset + (part.partition.offset ?? 0)) / 4096 }
            }
            #expect(places.sorted() == (only == ["rootfs"] ? [7, 8] : [3, 7, 8]))
        }
    }

    @Test("A page cannot be restored to, and NAND from a page is refused")
    func refusals() async throws {
        let folder = try ScratchFolder()
        let page = SimulatedDumpPage(Self.hardware())
        let server = try TestWebServer { page.reply($0) }
        defer { server.stop() }
        let bag = FilePath(try await Self.backup(try server.connector(), in: folder).bag)
        var other = page
        other.hardware = Self.changed()
        let changed = other
        let second = try TestWebServer { changed.reply($0) }
        defer { second.stop() }
        let planning = try await Restore.plan(bag, on: try second.connector(), choice: RestoreChoice()).planning
        #expect(
            planning.plan == nil && planning.refusals.contains { $0.next.contains("over SSH") }, "\(planning.refusals)")

        let nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 6, blockSize: 8192, pageSize: 2048, oobSize: 64, badBlocks: [3], seed: 14)
        var hardware = SimulatedHardware(
            identity: BoardIdentity(), chips: [nand], devices: [nand.device(0, "ubi", 0..<6)])
        hardware.isWritable = true
        let dumps = SimulatedDumpPage(hardware)
        let third = try TestWebServer { dumps.reply($0) }
        defer { third.stop() }
        let bad = FilePath(try await Self.backup(try third.connector(), in: folder, "nand").bag)
        hardware.chips["nand0"]?.bytes[0] ^= 1
        let refused = try await Restore.plan(bad, on: SimulatedConnector(hardware), choice: RestoreChoice()).planning
        #expect(refused.refusals.contains { $0.why.contains("an unknown type, now NAND") }, "\(refused.refusals)")
    }
}
