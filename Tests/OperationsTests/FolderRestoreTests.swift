import BoardChannels
import FlashAccess
import FlashModel
import Operations
import SystemPackage
import TestSupport
import Testing

/// Whole restores through real shells: how bytes reach the board, and with which tools they are written.
@Suite("Restores of boards made of folders", .serialized)
struct FolderRestoreTests {
    private typealias Line = FolderBackupTests.Line

    /// NOR and NAND, with partitions that share no bytes: each is a file of its own.
    private static func hardware() -> SimulatedHardware {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .nor, blocks: 8, blockSize: 4096, seed: 13)
        let nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 6, blockSize: 8192, pageSize: 2048, oobSize: 64, badBlocks: [3], seed: 14)
        var hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1", hostname: "acme", macAddresses: ["02:00:00:00:00:01"]),
            chips: [nor, nand],
            devices: [
                nor.device(0, "u-boot", 0..<2), nor.device(1, "it's a \\ \"root\" fs", 2..<8),
                nand.device(2, "ubi", 0..<6),
            ])
        hardware.isWritable = true
        return hardware
    }

    private static func changed() -> SimulatedHardware {
        var hardware = hardware()
        for place in stride(from: 3 * 4096, to: 5 * 4096, by: 7) { hardware.chips["spi0.0"]?.bytes[place] ^= 0x5A }
        hardware.chips["spi0.0"]?.bytes[8 * 4096 - 1] ^= 1
        for place in stride(from: 8192, to: 2 * 8192, by: 2048) { hardware.chips["nand0"]?.bytes[place] ^= 3 }
        for place in 5 * 8192..<6 * 8192 { hardware.chips["nand0"]?.bytes[place] = 0xFF }
        return hardware
    }

    private func check(
        tools: [String], _ line: FolderBackupTests.Line, method: [String], shell: String = "dash",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let folder = try ScratchFolder()
        let original = try FolderBoard(Self.hardware(), shell: shell)
        let bag = try await Backup.run(
            original.reacher(original.pipe),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0),
            environment: .simulated()
        ).bag
        let board = try FolderBoard(Self.changed(), shell: shell, tools: tools)
        let reacher = board.reacher(FolderBackupTests.opener(line, board))
        let choice = RestoreChoice(only: method.count == 1 ? ["mtd1"] : [])
        let prepared = try await Restore.plan(FilePath(bag), on: reacher, choice: choice)
        let plan = try #require(
            prepared.planning.plan, "\(prepared.planning.refusals)", sourceLocation: sourceLocation)
        #expect(plan.parts.map(\.method.name) == method, sourceLocation: sourceLocation)
        let report = try await Restore.run(
            prepared, on: reacher, before: folder.path.appending("before"), reconnects: 0, environment: .simulated())
        #expect(report.blocksWritten == plan.blockCount && plan.blockCount > 0, sourceLocation: sourceLocation)
        let wanted = original.contents
        let now = board.contents
        for part in plan.parts {
            let name = "dev/mtd\(part.partition.index)"
            #expect(now[name] == wanted[name], "mtd\(part.partition.index)", sourceLocation: sourceLocation)
        }
        #expect(board.offences.isEmpty, "\(board.offences)", sourceLocation: sourceLocation)
    }

    private static let both = ["flash_erase and dd", "flash_erase and dd"]
    private static let texts: Set = ["base64", "uudecode", "xxd", "printf"]
    private static let base = FolderBoard.allTools.filter { !texts.contains($0) } + ["flash_erase"]

    @Test("Over each line, with mtd-utils", arguments: FolderBoard.shells, FolderBackupTests.Line.allCases)
    func lines(_ shell: String, _ line: FolderBackupTests.Line) async throws {
        // That shell takes its own dd, which keeps to no rules here.
        guard shell != "busybox sh" else { return }
        try await check(tools: Self.base + ["base64"], line, method: Self.both, shell: shell)
    }

    @Test(
        "By each tool that makes bytes of text", arguments: ["base64", "uudecode", "xxd", "printf"],
        [FolderBackupTests.Line.pipe, .slowTerminal])
    func forms(_ form: String, _ line: FolderBackupTests.Line) async throws {
        try await check(tools: Self.base + [form], line, method: Self.both)
    }

    @Test("NOR by its block device", arguments: FolderBackupTests.Line.allCases)
    func blockDevice(_ line: FolderBackupTests.Line) async throws {
        try await check(tools: FolderBoard.allTools, line, method: ["dd to the block device"])
    }

    @Test("NAND by OpenWrt's mtd")
    func openWrt() async throws {
        try await check(
            tools: FolderBoard.allTools + ["mtd"], .pipe, method: ["dd to the block device", "mtd write"])
    }

    @Test("NAND by busybox's flash_eraseall, which erases no less than a partition")
    func eraseAll() async throws {
        try await check(
            tools: FolderBoard.allTools + ["flash_eraseall"], .pipe,
            method: ["dd to the block device", "flash_eraseall and dd"])
    }

    @Test("NAND by mtd where the first block is bad, and without any tool, is refused", arguments: [true, false])
    func noFlashErase(_ hasMTD: Bool) async throws {
        func hardware(_ hardware: SimulatedHardware) -> SimulatedHardware {
            var hardware = hardware
            guard hasMTD, var nand = hardware.chips["nand0"] else { return hardware }
            nand.badBlocks = [0]
            hardware.chips["nand0"] = nand
            hardware.devices[2] = nand.device(2, "ubi", 0..<6)
            return hardware
        }
        let folder = try ScratchFolder()
        let original = try FolderBoard(hardware(Self.hardware()))
        let bag = try await Backup.run(
            original.reacher(original.pipe),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0),
            environment: .simulated()
        ).bag
        let board = try FolderBoard(
            hardware(Self.changed()), tools: FolderBoard.allTools + (hasMTD ? ["mtd"] : []))
        let planning = try await Restore.plan(
            FilePath(bag), on: board.reacher(board.pipe), choice: RestoreChoice()
        ).planning
        #expect(planning.refusals.map(\.code) == [.noWay] && planning.refusals.first?.subject == "mtd2 \"ubi\"")
    }

    @Test("What the kernel keeps read-only is written only when mtd-rw is asked for, which is unloaded again")
    func unlocking() async throws {
        func locked(_ hardware: SimulatedHardware) -> SimulatedHardware {
            var hardware = hardware
            for place in hardware.devices.indices { hardware.devices[place].partition.isWritable = false }
            return hardware
        }
        let folder = try ScratchFolder()
        let original = try FolderBoard(locked(Self.hardware()))
        let bag = FilePath(
            try await Backup.run(
                original.reacher(original.pipe),
                options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0),
                environment: .simulated()
            ).bag)
        let tools = Self.base + ["base64", "insmod", "rmmod"]
        let board = try FolderBoard(locked(Self.changed()), tools: tools)
        let refused = try await Restore.plan(bag, on: board.reacher(board.pipe), choice: RestoreChoice()).planning
        #expect(Set(refused.refusals.map(\.code)) == [.readOnly])
        #expect(refused.refusals.first?.next.contains("--mtd-rw") == true)
        let choice = RestoreChoice(unlocks: true)
        let prepared = try await Restore.plan(bag, on: board.reacher(board.pipe), choice: choice)
        let report = try await Restore.run(
            prepared, on: board.reacher(board.pipe), before: folder.path.appending("before"), reconnects: 0,
            environment: .simulated())
        #expect(report.blocksWritten == report.plan.blockCount && report.blocksWritten > 0)
        for part in report.plan.parts {
            let name = "dev/mtd\(part.partition.index)"
            #expect(board.contents[name] == original.contents[name])
        }
        // And it is as it was.
        let again = try await Restore.plan(bag, on: board.reacher(board.pipe), choice: RestoreChoice()).planning
        #expect(again.plan?.blockCount == 0)
        try await board.reacher(board.pipe).withBoard(transcript: TranscriptLog()) { flash in
            let partitions = try await flash.survey().survey.partitions
            #expect(partitions.map(\.isWritable) == [false, false, false])
        }
        let poor = try FolderBoard(locked(Self.changed()), tools: Self.base + ["base64"])
        await #expect(throws: FlashkeepError(.toolMissing, what: "", why: "", next: "")) {
            _ = try await Restore.plan(bag, on: poor.reacher(poor.pipe), choice: choice)
        }
    }

    @Test("A partition that is another when it is to be written is left alone")
    func anotherTable() async throws {
        let folder = try ScratchFolder()
        let original = try FolderBoard(Self.hardware())
        let bag = try await Backup.run(
            original.reacher(original.pipe),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0),
            environment: .simulated()
        ).bag
        let board = try FolderBoard(Self.changed(), tools: FolderBoard.allTools + ["flash_erase"])
        let before = board.contents
        try await board.reacher(board.pipe).withBoard(transcript: TranscriptLog()) { flash in
            let partition = try #require(try await flash.survey().survey.partition(1))
            try board.write("dev:    size   erasesize  name\nmtd1: 00006000 00001000 \"other\"\n", "proc/mtd")
            let writer = try #require(flash.writer)
            await #expect(throws: FlashkeepError(.layoutChanged, what: "", why: "", next: "")) {
                try await writer.erase(0..<4096, of: partition)
            }
            await #expect(throws: FlashkeepError(.layoutChanged, what: "", why: "", next: "")) {
                try await writer.program([UInt8](repeating: 0, count: 4096), at: 0, of: partition)
            }
        }
        #expect(board.contents["dev/mtd1"] == before["dev/mtd1"])
        _ = bag
    }
}
