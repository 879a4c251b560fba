import BackupBags
import FlashModel
import Foundation
import Operations
import SystemPackage
import TestBoards
import TestSupport
import Testing

/// The scripts of RESTORE.md, extracted by its own instructions, and run on boards made of folders.
@Suite("Restores by the script of RESTORE.md", .serialized)
struct RestoreScriptTests {
    /// NOR and NAND, with a bad block in the middle of the NAND.
    private static func hardware(bad: Set<Int> = [3]) -> SimulatedHardware {
        let nor = SimulatedHardware.Flash("spi0.0", kind: .nor, blocks: 8, blockSize: 4096, seed: 13)
        var nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 8, blockSize: 8192, pageSize: 2048, oobSize: 64, badBlocks: bad, seed: 14)
        // A block whose second page is blank: the script must not write it.
        nand.bytes.replaceSubrange(5 * 8192 + 2048..<5 * 8192 + 4096, with: repeatElement(0xFF, count: 2048))
        var hardware = SimulatedHardware(
            identity: BoardIdentity(model: "Acme R1", hostname: "acme", macAddresses: ["02:00:00:00:00:01"]),
            chips: [nor, nand],
            devices: [
                nor.device(0, "u-boot", 0..<2), nor.device(1, "it's a \\ \"root\" fs", 2..<8),
                nand.device(2, "ubi", 0..<8),
            ])
        hardware.isWritable = true
        return hardware
    }

    /// The same board with other bytes in some blocks before, right after and far after the bad one.
    private static func changed(bad: Set<Int> = [3]) -> SimulatedHardware {
        var hardware = hardware(bad: bad)
        for place in stride(from: 3 * 4096, to: 5 * 4096, by: 7) { hardware.chips["spi0.0"]?.bytes[place] ^= 0x5A }
        hardware.chips["spi0.0"]?.bytes[8 * 4096 - 1] ^= 1
        for block in [1, 2, 4, 5] { hardware.chips["nand0"]?.bytes[block * 8192 + 5] ^= 3 }
        for place in 6 * 8192..<7 * 8192 { hardware.chips["nand0"]?.bytes[place] = 0xFF }
        return hardware
    }

    private static let tools = FolderBoard.allTools + ["wc"]

    /// What a person has after sections 1 to 3: the files, the scripts, and a command line for each partition.
    private struct Bag {
        let folder: ScratchFolder
        let original: FolderBoard
        var text: String

        /// The words of a partition's command line, with this folder in place of `/tmp`.
        func line(_ index: Int) throws -> [String] {
            let line = try #require(
                text.split(separator: "\n").first {
                    $0.hasPrefix("    sh /tmp/put-back-") && $0.split(separator: " ")[2] == "\(index)"
                }, "mtd\(index)")
            return line.split(separator: " ").dropFirst().map {
                $0.hasPrefix("/tmp/") ? "\(folder.path.string)/\($0.dropFirst(5))" : String($0)
            }
        }

        /// Runs a partition's command line on a board.
        func run(_ index: Int, on board: FolderBoard) throws -> (status: Int32, output: String) {
            try board.run(try line(index), variables: ["ROOT": board.root, "TMPDIR": folder.path.string])
        }
    }

    /// A backup of a board, with the scripts extracted by the command in its RESTORE.md.
    private static func bag(
        _ tools: [String], shell: String = "dash", bad: Set<Int> = [3]
    ) async throws -> Bag {
        let folder = try ScratchFolder()
        let original = try FolderBoard(hardware(bad: bad), shell: shell, tools: tools)
        let path = try await Backup.run(
            original.connector(original.pipe),
            options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0), environment: .simulated()
        ).bag
        let text = String(decoding: ScratchFolder.read(FilePath("\(path)/RESTORE.md")), as: UTF8.self)
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(path)/data/images") {
            try FileManager.default.copyItem(
                atPath: "\(path)/data/images/\(name)", toPath: "\(folder.path.string)/\(name)")
        }
        try folder.write(text, "RESTORE.md")
        for line in text.split(separator: "\n") where line.hasPrefix("    sed -n ") {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", String(line)]
            process.currentDirectoryURL = URL(fileURLWithPath: folder.path.string)
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
        return Bag(folder: folder, original: original, text: text)
    }

    /// Runs the command lines of some partitions, and compares the boards.
    private func check(
        _ partitions: [Int], tools: [String], shell: String = "dash", on board: FolderBoard? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let bag = try await Self.bag(tools, shell: shell)
        let board = try board ?? FolderBoard(Self.changed(), shell: shell, tools: tools)
        for index in partitions {
            let (status, output) = try bag.run(index, on: board)
            #expect(status == 0 && output.contains("DONE: mtd\(index) "), "\(output)", sourceLocation: sourceLocation)
            let name = "dev/mtd\(index)"
            #expect(board.contents[name] == bag.original.contents[name], "\(name)", sourceLocation: sourceLocation)
            // A second run finds nothing to do.
            let again = try bag.run(index, on: board)
            let isIdle = again.status == 0 && again.output.contains("Written: 0 of ")
            #expect(isIdle, "\(again.output)", sourceLocation: sourceLocation)
        }
        #expect(board.offences.isEmpty, "\(board.offences)", sourceLocation: sourceLocation)
    }

    @Test("NOR and NAND with a bad block, in each shell", arguments: FolderBoard.shells)
    func flashErase(_ shell: String) async throws {
        // The shell of busybox uses its own dd, which truncates regular files here unless it supports conv=.
        try await check([0, 1, 2], tools: Self.tools + ["flash_erase"], shell: shell)
    }

    @Test("NOR by its block device, in each shell", arguments: FolderBoard.shells)
    func blockDevice(_ shell: String) async throws {
        try await check([0, 1], tools: Self.tools + ["sync"], shell: shell)
    }

    @Test("NAND by OpenWrt's mtd, and by busybox's flash_eraseall", arguments: ["mtd", "flash_eraseall"])
    func otherTools(_ tool: String) async throws {
        try await check([2], tools: Self.tools + [tool])
    }

    @Test("A dd that has no conv= is found out before anything is erased, and used without it")
    func noConversions() async throws {
        let tools = Self.tools + ["flash_erase"]
        let board = try FolderBoard(Self.changed(), tools: tools)
        try board.wrap(
            "dd",
            in: "case \" $* \" in *' conv='*) echo 'Usage: dd [if=FILE] [of=FILE]' >&2; exit 1;; esac; $REAL \"$@\"")
        try await check([1, 2], tools: tools, on: board)
    }

    @Test("Blank pages of NAND are not written")
    func blankPages() async throws {
        let tools = Self.tools + ["flash_erase"]
        let bag = try await Self.bag(tools)
        let board = try FolderBoard(Self.changed(), tools: tools)
        try board.wrap(
            "dd",
            in: "case \"$*\" in *of=*/dev/mtd2*) echo \"$*\" >>'\(bag.folder.path.string)/writes';; esac; $REAL \"$@\"")
        #expect(try bag.run(2, on: board).status == 0)
        let writes = String(decoding: ScratchFolder.read(bag.folder.path.appending("writes")), as: UTF8.self)
        // Block 5 consists of pages 20 to 23, and the second is blank.
        for page in [20, 22, 23] { #expect(writes.contains("seek=\(page) ")) }
        #expect(!writes.contains("seek=21 ") && writes.split(separator: "\n").allSatisfy { $0.contains("bs=2048 ") })
    }

    @Test(
        "A block that turned bad since: the script stops if the file has data for it, with and without mtdinfo",
        arguments: [true, false], [1, 7])
    func turnedBad(_ hasMap: Bool, _ block: Int) async throws {
        let tools = (Self.tools + ["flash_erase"]).filter { hasMap || $0 != "mtdinfo" }
        let bag = try await Self.bag(Self.tools + ["flash_erase"])
        var hardware = Self.changed(bad: [3, block])
        hardware.chips["nand0"]?.bytes[7 * 8192] ^= 1
        let board = try FolderBoard(hardware, tools: tools)
        let before = try #require(board.contents["dev/mtd2"])
        let (status, output) = try bag.run(2, on: board)
        let now = try #require(board.contents["dev/mtd2"])
        // Block 7 is blank in the file.
        let isBlank = block == 7
        #expect((status == 0) == isBlank, "\(output)")
        if !isBlank { #expect(output.contains("STOP: block 1 is bad now, and the file has data for it")) }
        let range = block * 8192..<(block + 1) * 8192
        #expect(now[range] == before[range])
        if hasMap, !isBlank { #expect(now == before) }
    }

    @Test("It stops before anything is erased if the device, the file or the tool is not what it should be")
    func stops() async throws {
        let tools = Self.tools + ["flash_erase"]
        let bag = try await Self.bag(tools)
        func stop(_ reason: String, _ change: (FolderBoard) throws -> Void) throws {
            let board = try FolderBoard(Self.changed(), tools: tools)
            try change(board)
            let before = board.contents["dev/mtd2"]
            let (status, output) = try bag.run(2, on: board)
            #expect(status != 0 && output.contains("STOP: ") && output.contains(reason), "\(output)")
            #expect(board.contents["dev/mtd2"] == before)
        }
        try stop("/proc/mtd has no mtd2 of 65536 bytes") {
            try $0.write("dev:    size   erasesize  name\nmtd2: 00008000 00002000 \"ubi\"\n", "proc/mtd")
        }
        try stop("is mounted") { try $0.write("/dev/mtdblock2 /overlay jffs2 rw 0 0\n", "proc/mounts") }
        try stop("is attached to UBI") { try $0.write("2\n", "sys/class/ubi/ubi0/mtd_num") }
        try stop("this system has no tr") { try $0.removeTool("tr") }
        try stop("counts in bytes") {
            try $0.replace("flash_erase", with: "echo 'Usage: flash_erase MTD_DEVICE <start block> <block count>'")
        }
        try stop("does not copy a part of a file") {
            try $0.wrap("dd", in: "case \"$*\" in *of=*) exit 0;; esac; $REAL \"$@\"")
        }
        // A tool that erases nothing is detected by the contents of the flash.
        try stop("does not keep what is written to it") {
            try $0.replace("flash_erase", with: "echo '<start offset>'")
        }
        let file = try bag.line(2)[5]
        try FileManager.default.removeItem(atPath: file)
        try stop("does not have 65536 bytes") { _ in }
    }
}
