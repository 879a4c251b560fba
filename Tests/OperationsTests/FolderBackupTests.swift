import BackupBags
import BoardChannels
import FlashModel
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

/// Whole backups through real shells: with the dialect, frames, encodings and tools of real boards.
@Suite("Backups of boards made of folders", .serialized)
struct FolderBackupTests {
    /// The line to the shell.
    enum Line: String, CaseIterable {
        case pipe
        /// A terminal, with compression.
        case slowTerminal
        /// A terminal, without compression.
        case quickTerminal
    }

    /// The tools that a board lacks.
    enum Poverty: String, CaseIterable {
        case none
        case noGzip
        case noBestSums
        case noSums
        case noStty
        case onlyOd
        case nothing

        var tools: [String] {
            let all = FolderBoard.allTools
            let sums: Set = ["sha256sum", "sha1sum", "md5sum", "cksum"]
            let texts: Set = ["gzip", "base64", "uuencode", "xxd", "hexdump"]
            return switch self {
            case .none: all
            case .noGzip: all.filter { $0 != "gzip" }
            case .noBestSums: all.filter { $0 != "sha256sum" && $0 != "sha1sum" }
            case .noSums: all.filter { !sums.contains($0) }
            case .noStty: all.filter { $0 != "stty" }
            case .onlyOd: all.filter { !sums.contains($0) && !texts.contains($0) && $0 != "stty" }
            case .nothing: FolderBoard.leastTools + ["mtdinfo"]
            }
        }
    }

    static func opener(_ line: Line, _ board: FolderBoard) -> any ChannelOpening {
        switch line {
        case .pipe: board.pipe
        case .slowTerminal: board.terminal()
        case .quickTerminal: board.terminal(isSlow: false)
        }
    }

    /// Backs up a board and checks what must hold for every backup.
    static func checked(
        _ board: FolderBoard, _ opener: any ChannelOpening, _ change: (inout BackupOptions) -> Void = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> BackupReport {
        let folder = try ScratchFolder()
        var options = BackupOptions(target: folder.path.appending("bag"), reconnects: 0)
        change(&options)
        let before = board.contents
        let report = try await Backup.run(board.connector(opener), options: options, environment: .simulated())
        let problems = BagCheck.problems(report, board.hardware)
        #expect(problems.isEmpty, "\(problems)", sourceLocation: sourceLocation)
        #expect(try await Verify.run(bag: FilePath(report.bag)).ok, sourceLocation: sourceLocation)
        #expect(board.offences.isEmpty, "\(board.offences)", sourceLocation: sourceLocation)
        if board.hardware.vanishing.isEmpty {
            #expect(board.contents == before, "a backup must not change the board", sourceLocation: sourceLocation)
        }
        return report
    }

    @Test("Shells and lines", arguments: FolderBoard.shells, Line.allCases)
    func shellsAndLines(_ shell: String, _ line: Line) async throws {
        for tools in line == .quickTerminal ? [.coreutils] : FolderBoard.Tools.allCases {
            var hardware = SampleBoards.router()
            // That shell uses its own dd.
            if shell != "busybox sh" { hardware.chips["nand0"]?.corrected = [2, 9] }
            let board = try FolderBoard(hardware, shell: shell, from: tools)
            let report = try await Self.checked(board, Self.opener(line, board))
            // Its kernel does not show whole chips, so the end of each is unknown.
            #expect(
                report.summary.missing.isEmpty && report.manifest.unknowns.map(\.subject) == [.chipSize, .chipSize])
            #expect(report.summary.isProven && !report.summary.isWhole, "\(report.summary.sentences)")
            #expect(report.manifest.images.allSatisfy { $0.proof.against == .boardChecksum })
            #expect(report.manifest.images.count == 5)
            #expect(report.manifest.board.model == "Acme R1")
        }
    }

    @Test("Tools and lines", arguments: Poverty.allCases, Line.allCases)
    func toolsAndLines(_ poverty: Poverty, _ line: Line) async throws {
        for source in line == .pipe ? FolderBoard.Tools.allCases : [.busybox] {
            var hardware = SampleBoards.router()
            hardware.chips["nand0"]?.corrected = [2, 20]
            hardware.chips["nand0"]?.failed = [12]
            let board = try FolderBoard(hardware, tools: poverty.tools, from: source)
            let report = try await Self.checked(board, Self.opener(line, board))
            #expect(report.summary.isProven, "\(report.summary.sentences)")
            #expect(BagCheck.places(report, .eccCorrected, chip: "nand0") == [4096..<6144, 40_960..<43_008])
            #expect(BagCheck.places(report, .eccFailed, chip: "nand0") == [24_576..<26_624])
            let isSummed = poverty.tools.contains { $0.hasSuffix("sum") }
            #expect(
                report.manifest.images.allSatisfy { $0.proof.against == (isSummed ? .boardChecksum : .secondRead) })
        }
    }

    @Test("Terminals that expand tabs are made clean, or flash crosses them as text, or without tabs")
    func tabs() async throws {
        for tools in [FolderBoard.allTools, Poverty.onlyOd.tools, Poverty.nothing.tools + ["tr"]] {
            for isSlow in [true, false] {
                let board = try FolderBoard(SampleBoards.router(), tools: tools, from: .busybox)
                let report = try await Self.checked(board, board.terminal(isSlow: isSlow, expandsTabs: true))
                #expect(report.summary.isProven, "\(report.summary.sentences)")
            }
        }
        let board = try FolderBoard(SampleBoards.router(), tools: Poverty.nothing.tools, from: .busybox)
        await #expect(throws: FlashkeepError(.toolMissing, what: "", why: "", next: "")) {
            _ = try await Self.checked(board, board.terminal(expandsTabs: true))
        }
    }

    @Test("Bytes that cannot be read become pages that are named, and nothing else is lost", arguments: Line.allCases)
    func readErrors(_ line: Line) async throws {
        var hardware = SampleBoards.router()
        // One page within a NAND block; some bytes of NOR, which is read in units of 512; the very first page.
        hardware.chips["nand0"]?.unreadable = [10 * 2048 + 600..<10 * 2048 + 601, 18 * 2048..<18 * 2048 + 512]
        hardware.chips["spi0.0"]?.unreadable = [0..<1, 5000..<5200]
        hardware.chips["nand0"]?.corrected = [11]
        for tools in [FolderBoard.allTools, Poverty.noSums.tools] {
            let board = try FolderBoard(hardware, tools: tools)
            let report = try await Self.checked(board, Self.opener(line, board))
            #expect(BagCheck.places(report, .unread, chip: "nand0") == [20_992..<21_504, 36_864..<37_376])
            #expect(BagCheck.places(report, .unread, chip: "spi0.0") == [0..<512, 4608..<5632])
            #expect(BagCheck.places(report, .eccCorrected, chip: "nand0") == [22_528..<24_576])
            #expect(!report.summary.isWhole && report.summary.isProven, "\(report.summary.sentences)")
        }
    }

    @Test("A partition that vanishes while it is read leaves all the rest", arguments: Line.allCases, [0, 3])
    func vanishing(_ line: Line, _ block: Int) async throws {
        var hardware = SampleBoards.router()
        hardware.vanishing = [7: block]
        let board = try FolderBoard(hardware)
        let report = try await Self.checked(board, Self.opener(line, board))
        #expect(!report.summary.isWhole)
        #expect(report.manifest.warnings.contains { $0.contains("vanished") }, "\(report.manifest.warnings)")
        #expect(report.image(7)?.proof.result == .unproven)
        #expect(report.image(5)?.proof.result == .proven)
    }

    @Test("With OOB", arguments: Line.allCases)
    func withOOB(_ line: Line) async throws {
        var hardware = SampleBoards.router()
        hardware.readsOOB = true
        let board = try FolderBoard(hardware, tools: FolderBoard.allTools)
        let report = try await Self.checked(board, Self.opener(line, board)) { $0.withOOB = true }
        let images = report.manifest.images.filter { $0.representation == .dataWithOOB }
        #expect(images.count == 2 && images.allSatisfy { $0.proof.result == .proven })
        let nand = try #require(hardware.chips["nand0"])
        for image in images {
            let file = ScratchFolder.read(FilePath(report.bag).appending(image.path))
            for page in 0..<file.count / 528 where !nand.badBlocks.contains(((image.offset ?? 0) / 512 + page) / 4) {
                let start = (image.offset ?? 0) + page * 512
                let expected = Array(nand.bytes[start..<start + 512]) + hardware.oob(start / 512, of: nand.chip)
                let kept = Array(file[page * 528..<(page + 1) * 528])
                #expect(kept == expected, "page \(page) of \(image.path)")
            }
        }
    }

    @Test("A board without sysfs is read, each partition on its own")
    func noSysfs() async throws {
        var hardware = SampleBoards.router()
        hardware.devices.removeAll { $0.partition.chip == "nand0" }
        hardware.chips["nand0"] = nil
        let board = try FolderBoard(hardware)
        try board.remove("sys/class/mtd")
        let report = try await Self.checked(board, board.pipe)
        #expect(report.manifest.images.count == 5)
        #expect(report.summary.isProven)
    }

    @Test(
        "Nodes where some cameras have them, without mknod",
        arguments: ["mtd/mtd", "mtd/", "mtdblock", "mtdblock/", "mtd/mtdblock"])
    func nodes(_ name: String) async throws {
        var hardware = SampleBoards.router()
        hardware.devices.removeAll { $0.partition.chip == "nand0" }
        hardware.chips["nand0"] = nil
        let board = try FolderBoard(hardware, tools: FolderBoard.allTools.filter { $0 != "mknod" })
        for device in hardware.devices {
            try board.move(
                "dev/mtd\(device.partition.index)", to: "dev/\(name)\(device.partition.index)")
            try board.remove("dev/mtd\(device.partition.index)ro")
        }
        let report = try await Self.checked(board, board.pipe)
        #expect(report.summary.isProven, "\(report.summary.sentences)")
    }

    @Test("Only what is asked for is read; the rest is a gap that says so")
    func only() async throws {
        let hardware = SampleBoards.router()
        let board = try FolderBoard(hardware)
        let folder = try ScratchFolder()
        let options = BackupOptions(target: folder.path.appending("bag"), only: ["u-boot,mtd4"], reconnects: 0)
        let report = try await Backup.run(board.connector(board.pipe), options: options, environment: .simulated())
        #expect(!report.summary.isWhole && report.summary.isComplete && report.summary.isProven)
        #expect(report.summary.wholeness.contains("mtd0 \"u-boot\""), "\(report.summary.sentences)")
        #expect(report.manifest.capture.only?.count == 2)
        #expect(report.manifest.images.count == 2)
        #expect(report.manifest.gaps.allSatisfy { $0.reason == CoverGap.notAskedFor })
        #expect(try await Verify.run(bag: FilePath(report.bag)).ok)
        let text = String(decoding: ScratchFolder.read(FilePath(report.bag).appending("RESTORE.md")), as: UTF8.self)
        #expect(text.contains(CoverGap.notAskedFor))
        var wrong = options
        wrong.target = folder.path.appending("other")
        wrong.only = ["nosuch"]
        let error = await #expect(throws: FlashkeepError.self) {
            _ = try await Backup.run(board.connector(board.pipe), options: wrong, environment: .simulated())
        }
        #expect(error?.code == .usage && error?.why.contains("mtd0 \"u-boot\"") == true)
        #expect(!folder.exists("other") && !folder.exists("other.partial"))
    }

    @Test("Nothing that is said to a board could write to its flash, also if a bad line left out the rest")
    func nothingWrites() async throws {
        var hardware = SampleBoards.router()
        hardware.readsOOB = true
        hardware.chips["nand0"]?.unreadable = [18 * 2048..<18 * 2048 + 512]
        for tools in [FolderBoard.allTools, Poverty.onlyOd.tools, Poverty.nothing.tools] {
            for line in Line.allCases {
                let board = try FolderBoard(hardware, tools: tools)
                let opener = FaultyOpener(Self.opener(line, board), LineFaults(), seed: 1)
                _ = try await Self.checked(board, opener) { $0.withOOB = true }
                // Only the tools' names and help texts are requested.
                let said = opener.sent.replacing(#/for t in [^;]*;/#, with: "")
                #expect(said.contains("dd"))
                let targets = Set(said.matches(of: #/[0-9]*>+[|&]?\s*[^\s;|)}]*/#).map { String($0.output) })
                #expect(
                    targets.isSubset(of: [
                        ">/dev/null", "2>/dev/null", "2>&1", ">/proc/sys/kernel/printk",
                        // In comparisons with a name, and in the shell's own syntax.
                        ">\"", ">\\\"", ">",
                    ]), "\(targets)")
                #expect(
                    !said.contains("of=") || said.matches(of: #/of=[^\s;]*/#).allSatisfy { $0.output == "of=/dev/null" }
                )
                for word in [
                    "flash_erase", "flash_eraseall", "nandwrite", "flashcp", "mtd_debug", "ubiformat", "ubiupdatevol",
                    "ubiattach", "ubidetach", "fw_setenv", "mtd write", "mtd erase", "rm -r", "rm -rf", "reboot",
                    "mount ",
                    "tee ", "cp ", "mv ", "mkfs",
                ] {
                    let lines = said.split(separator: "\n").filter { $0.contains(word) && !$0.contains("--help") }
                    #expect(lines.isEmpty, "\(word): \(lines)")
                }
            }
        }
    }
}
