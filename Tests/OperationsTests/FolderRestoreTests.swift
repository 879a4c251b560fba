import BoardAccess
import BoardChannels
import FlashAccess
import FlashModel
import Foundation
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// Whole restores through real shells: how bytes are uploaded to the board, and with which tools they are written.
@Suite("Restores of boards made of folders", .serialized)
struct FolderRestoreTests {
    private typealias Line = FolderBackupTests.Line

    /// NOR and NAND, with partitions that do not overlap, since each is a file of its own.
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
            original.connector(original.pipe),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0),
            environment: .simulated()
        ).bag
        let board = try FolderBoard(Self.changed(), shell: shell, tools: tools)
        let connector = board.connector(FolderBackupTests.opener(line, board))
        let choice = RestoreChoice(only: method.count == 1 ? ["mtd1"] : [])
        let prepared = try await Restore.plan(FilePath(bag), on: connector, choice: choice)
        let plan = try #require(
            prepared.planning.plan, "\(prepared.planning.refusals)", sourceLocation: sourceLocation)
        #expect(plan.parts.map(\.method.name) == method, sourceLocation: sourceLocation)
        let report = try await Restore.run(
            prepared, on: connector, before: folder.path.appending("before"), reconnects: 0, environment: .simulated())
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
        // That shell uses its own dd, which truncates the files here.
        guard shell != "busybox sh" else { return }
        try await check(tools: Self.base + ["base64"], line, method: Self.both, shell: shell)
    }

    @Test(
        "By each tool that makes bytes of text", arguments: ["base64", "uudecode", "xxd", "printf"],
        [FolderBackupTests.Line.pipe, .slowTerminal])
    func forms(_ form: String, _ line: FolderBackupTests.Line) async throws {
        try await check(tools: Self.base + [form], line, method: Self.both)
    }

    @Test(
        "Several blocks are sent and written at once, except the first, on a bad line, and where one fails",
        arguments: [FolderBackupTests.Line.pipe, .slowTerminal], [false, true])
    func together(_ line: FolderBackupTests.Line, _ isFailing: Bool) async throws {
        try await withBag { bag, original, before in
            let board = try FolderBoard(Self.changed(), tools: Self.base + ["base64"])
            let root = ShellWord.quoted(board.root)
            try board.wrap("base64", in: "echo >>\(root)/sent;$REAL \"$@\"")
            // The second block is not erased the first time.
            if isFailing {
                try board.wrap(
                    "flash_erase",
                    in: "case $2,$3 in */dev/mtd1,8192) [ -e \(root)/failed ]||{ echo >\(root)/failed;exit 0;};; esac;"
                        + "$REAL \"$@\"")
            }
            let connector = board.connector(FolderBackupTests.opener(line, board))
            let prepared = try await Restore.plan(bag, on: connector, choice: RestoreChoice(only: ["mtd1"]))
            #expect(prepared.planning.plan?.parts.flatMap(\.blocks).map(\.offset) == [4096, 8192, 20480])
            try board.write("", "sent")
            let report = try await Restore.run(
                prepared, on: connector, before: before, reconnects: 0, environment: .simulated())
            #expect(report.blocksWritten == 3)
            #expect(board.contents["dev/mtd1"] == original.contents["dev/mtd1"])
            let sent = try #require(board.contents["sent"]).count
            // A terminal gets its blocks in pieces, and none of them together.
            if line == .pipe { #expect(sent == (isFailing ? 3 : 2)) } else { #expect(sent >= (isFailing ? 4 : 3)) }
        }
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
            original.connector(original.pipe),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0),
            environment: .simulated()
        ).bag
        let board = try FolderBoard(
            hardware(Self.changed()), tools: FolderBoard.allTools + (hasMTD ? ["mtd"] : []))
        let planning = try await Restore.plan(
            FilePath(bag), on: board.connector(board.pipe), choice: RestoreChoice()
        ).planning
        #expect(planning.refusals.map(\.code) == [.noWay] && planning.refusals.first?.subject == "mtd2 \"ubi\"")
    }

    /// The usage of a busybox built without FEATURE_DD_IBS_OBS: OpenWrt 8.09, the SDK of the AM335x.
    private static let oldBusybox = """
        case " $* " in *' conv='*)
          printf 'BusyBox v1.11.2 (2009-01-05 04:31:07 UTC) multi-call binary\\n\\n' >&2
          printf 'Usage: dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N]\\n\\t[seek=N]\\n\\n' >&2
          exit 1;;
        esac
        $REAL "$@"
        """

    @Test(
        "A dd that has no conv= destroys nothing: the next method is taken, which does without it",
        arguments: ["flash_erase", "flash_eraseall", "mtdblock"], [FolderBackupTests.Line.pipe, .slowTerminal])
    func noConversions(_ tool: String, _ line: FolderBackupTests.Line) async throws {
        try await withBag { bag, original, before in
            let board = try FolderBoard(Self.changed(), tools: FolderBoard.allTools + [tool])
            try board.wrap("dd", in: Self.oldBusybox)
            let choice = RestoreChoice(only: [tool == "mtdblock" ? "mtd1" : "mtd2"])
            let prepared = try await Restore.plan(
                bag, on: board.connector(FolderBackupTests.opener(line, board)), choice: choice)
            let plan = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
            #expect(
                plan.parts.map(\.method.name)
                    == [tool == "mtdblock" ? "dd without conv= to the block device" : "\(tool) and dd without conv="])
            let report = try await Restore.run(
                prepared, on: board.connector(FolderBackupTests.opener(line, board)), before: before, reconnects: 0,
                environment: .simulated())
            #expect(report.blocksWritten == plan.blockCount)
            for part in plan.parts {
                let name = "dev/mtd\(part.partition.index)"
                #expect(board.contents[name] == original.contents[name])
            }
        }
    }

    @Test(
        "A dd that cannot write at an offset is refused by the plan, and says what it printed",
        arguments: [true, false])
    func noSeek(_ isHonest: Bool) async throws {
        try await withBag { bag, _, _ in
            let board = try FolderBoard(Self.changed(), tools: Self.base + ["base64", "flash_eraseall"])
            try board.wrap(
                "dd",
                in:
                    "case \" $* \" in *' seek='*) echo 'Usage: dd [if=FILE] [of=FILE]' >&2;exit \(isHonest ? 1 : 0);; esac;"
                    + "$REAL \"$@\"")
            let before = board.contents
            let planning = try await Restore.plan(
                bag, on: board.connector(board.pipe), choice: RestoreChoice(only: ["mtd2"])
            ).planning
            let refusal = try #require(planning.refusals.first)
            #expect(planning.plan == nil && refusal.code == .noWay && refusal.subject == "mtd2 \"ubi\"")
            #expect(
                refusal.why.contains(
                    isHonest
                        ? "on a regular file, dd exited with status 1: Usage: dd [if=FILE] [of=FILE]"
                        : "on a regular file, dd reported success but did not write the given bytes"))
            #expect(refusal.next.contains("initramfs"))
            #expect(board.contents == before)
        }
    }

    @Test("Another program called flash_erase is not started with a device")
    func anotherProgram() async throws {
        try await withBag { bag, _, _ in
            let board = try FolderBoard(Self.changed(), tools: FolderBoard.allTools + ["flash_erase"])
            // That of mtd-utils 1.4.2, which counts in erase blocks, and would erase other blocks.
            try board.replace(
                "flash_erase",
                with:
                    "[ \"$*\" = --help ]&&{ echo 'Usage: flash_erase [options] MTD_DEVICE <start block> <block count>';"
                    + "exit 0;};echo \"$*\" >>'\(board.root.replacing("'", with: "'\\''"))/started'")
            let planning = try await Restore.plan(
                bag, on: board.connector(board.pipe), choice: RestoreChoice(only: ["mtd2"])
            ).planning
            let refusal = try #require(planning.refusals.first)
            #expect(refusal.why.contains("flash_erase is not the expected program"))
            #expect(refusal.why.contains("it takes its start in erase blocks, not in bytes"))
            #expect(refusal.why.contains("<start block> <block count>"))
            #expect(board.contents["started"] == nil)
        }
    }

    @Test("A partition of whole erase blocks is written though nothing tells where it begins")
    func noPlace() async throws {
        func board(_ change: (inout [UInt8]) -> Void = { _ in }) throws -> FolderBoard {
            var nand = SimulatedHardware.Flash(
                "nand0", kind: .nand, blocks: 6, blockSize: 8192, pageSize: 2048, oobSize: 64, seed: 15)
            change(&nand.bytes)
            var hardware = SimulatedHardware(
                identity: BoardIdentity(model: "Acme R1", hostname: "acme", macAddresses: ["02:00:00:00:00:01"]),
                chips: [nand], devices: [nand.device(0, "kernel", 0..<2), nand.device(1, "rootfs", 2..<6)])
            hardware.isWritable = true
            // One and a half erase blocks: what follows does not begin directly after it.
            hardware.devices[0].partition.size = 12_288
            let board = try FolderBoard(hardware, tools: Self.base + ["base64"])
            // As before Linux 4.1: no offsets, and all devices in one folder, whatever their chip.
            let devices = "\(board.root)/sys/devices"
            try board.write("Linux version 2.6.39 (made up)\n", "proc/version")
            try FileManager.default.moveItem(
                atPath: "\(devices)/platform/nand0", toPath: "\(devices)/virtual")
            for index in 0...1 {
                try board.remove("sys/devices/virtual/mtd/mtd\(index)/offset")
                try board.remove("sys/class/mtd/mtd\(index)")
                try FileManager.default.createSymbolicLink(
                    atPath: "\(board.root)/sys/class/mtd/mtd\(index)",
                    withDestinationPath: "\(devices)/virtual/mtd/mtd\(index)")
            }
            return board
        }
        let folder = try ScratchFolder()
        let original = try board()
        let bag = try await Backup.run(
            original.connector(original.pipe),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0), environment: .simulated()
        ).bag
        let now = try board { $0[3 * 8192 + 5] ^= 1 }
        let prepared = try await Restore.plan(
            FilePath(bag), on: now.connector(now.pipe), choice: RestoreChoice(only: ["mtd1"]))
        let plan = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
        #expect(plan.parts.map(\.partition.offset) == [nil] && plan.blockCount == 1)
        _ = try await Restore.run(
            prepared, on: now.connector(now.pipe), before: folder.path.appending("before"), reconnects: 0,
            environment: .simulated())
        #expect(now.contents["dev/mtd1"] == original.contents["dev/mtd1"])
    }

    /// Runs the body with a backup of the board, the board, and a path for another backup.
    private func withBag(_ body: (FilePath, FolderBoard, FilePath) async throws -> Void) async throws {
        let folder = try ScratchFolder()
        let original = try FolderBoard(Self.hardware())
        let bag = try await Backup.run(
            original.connector(original.pipe),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0), environment: .simulated()
        ).bag
        try await body(FilePath(bag), original, folder.path.appending("before"))
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
                original.connector(original.pipe),
                options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0),
                environment: .simulated()
            ).bag)
        let tools = Self.base + ["base64", "insmod", "rmmod"]
        let board = try FolderBoard(locked(Self.changed()), tools: tools)
        let refused = try await Restore.plan(bag, on: board.connector(board.pipe), choice: RestoreChoice()).planning
        #expect(Set(refused.refusals.map(\.code)) == [.readOnly])
        #expect(refused.refusals.first?.next.contains("--mtd-rw") == true)
        let choice = RestoreChoice(unlocks: true)
        let prepared = try await Restore.plan(bag, on: board.connector(board.pipe), choice: choice)
        let report = try await Restore.run(
            prepared, on: board.connector(board.pipe), before: folder.path.appending("before"), reconnects: 0,
            environment: .simulated())
        #expect(report.blocksWritten == report.plan.blockCount && report.blocksWritten > 0)
        for part in report.plan.parts {
            let name = "dev/mtd\(part.partition.index)"
            #expect(board.contents[name] == original.contents[name])
        }
        // The board is locked again.
        let again = try await Restore.plan(bag, on: board.connector(board.pipe), choice: RestoreChoice()).planning
        #expect(again.plan?.blockCount == 0)
        try await board.connector(board.pipe).withBoard(transcript: TranscriptLog()) { flash in
            let partitions = try await flash.survey().survey.partitions
            #expect(partitions.map(\.isWritable) == [false, false, false])
        }
        let poor = try FolderBoard(locked(Self.changed()), tools: Self.base + ["base64"])
        await #expect(throws: FlashkeepError(.toolMissing, what: "", why: "", next: "")) {
            _ = try await Restore.plan(bag, on: poor.connector(poor.pipe), choice: choice)
        }
    }

    @Test("A partition that is another when it is to be written is left alone")
    func anotherTable() async throws {
        let folder = try ScratchFolder()
        let original = try FolderBoard(Self.hardware())
        let bag = try await Backup.run(
            original.connector(original.pipe),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0),
            environment: .simulated()
        ).bag
        let board = try FolderBoard(Self.changed(), tools: FolderBoard.allTools + ["flash_erase"])
        let before = board.contents
        try await board.connector(board.pipe).withBoard(transcript: TranscriptLog()) { flash in
            let surveyed = try await flash.survey()
            let partition = try #require(surveyed.survey.partition(1))
            try board.write("dev:    size   erasesize  name\nmtd1: 00006000 00001000 \"other\"\n", "proc/mtd")
            let writer = try #require(surveyed.writer)
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
