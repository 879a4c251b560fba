import BackupBags
import BoardAccess
import FlashAccess
import FlashModel
import LinuxFlash
import Operations
import SystemPackage
import TestBags
import TestBoards
import TestSupport
import Testing

@testable import flashkeep

/// What a user learns about a backup: exit status, summary, RESTORE.md and the manifest. Nothing unknown may be called
/// whole, whatever the board.
@Suite("No claim beyond what is known", .serialized)
struct ClaimTests {
    /// A backup as a user sees it.
    struct Made {
        let report: BackupReport
        let folder: ScratchFolder
        var status: flashkeep.ExitStatus { flashkeep.ExitStatus(report) }
        var bag: FilePath { FilePath(report.bag) }
        var restoreText: String { String(decoding: ScratchFolder.read(bag.appending("RESTORE.md")), as: UTF8.self) }
        var printed: String { BackupText.text(report, elapsed: .seconds(1), style: .plain, isVerbose: false) }
    }

    static func back(up connector: any BoardConnector, _ change: (inout BackupOptions) -> Void = { _ in }) async throws
        -> Made
    {
        let folder = try ScratchFolder()
        var options = BackupOptions(target: folder.path.appending("bag"), reconnects: 0)
        change(&options)
        let report = try await Backup.run(connector, options: options, environment: .simulated())
        return Made(report: report, folder: folder)
    }

    /// Checks that a backup with something unknown says so everywhere, and is intact anyway.
    static func expectUnknown(
        _ made: Made, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let summary = made.report.summary
        #expect(!summary.isWhole && made.status == .notWhole, "\(summary.sentences)", sourceLocation: sourceLocation)
        #expect(
            summary.unknown.contains { $0.contains(words) }, "\(summary.unknown)", sourceLocation: sourceLocation)
        for text in [made.restoreText, made.printed] {
            #expect(text.contains(words), "\(text.prefix(3_000))", sourceLocation: sourceLocation)
            #expect(!text.contains("is whole"), sourceLocation: sourceLocation)
        }
        let verified = try await Verify.run(bag: made.bag)
        #expect(verified.ok && verified.summary == summary, "\(verified.problems)", sourceLocation: sourceLocation)
        #expect(
            VerifyText.text(verified, style: .plain, isVerbose: false).contains(words), sourceLocation: sourceLocation)
        // JSON for other programs says the same.
        let json = String(decoding: try JSONText.bytes(of: made.report, pretty: false), as: UTF8.self)
        #expect(json.contains("\"isWhole\":false"), sourceLocation: sourceLocation)
    }

    // MARK: Chips

    /// U-Boot with NAND whose size it does not print, as usual.
    private static func sizeless(badBlocks: Set<Int>) -> SimulatedUBoot {
        let nand = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 6, blockSize: 0x400, pageSize: 0x200, oobSize: 16, badBlocks: badBlocks,
            seed: 5)
        var scenario = UBootScenario(
            SimulatedHardware(identity: BoardIdentity(), chips: [nand], devices: [nand.device(0, "nand0", 0..<6)]))
        scenario.allow("nand")
        scenario.namesNANDSize = false
        return SimulatedUBoot(scenario)
    }

    private static func connector(_ board: SimulatedUBoot) -> ConsoleConnector {
        ConsoleConnector(
            opener: board, credentials: Credentials(), environment: .simulated(),
            settings: ConsoleConnector.Settings(powerCycle: { board.powerOn() }, timing: .simulated))
    }

    @Test("NAND of unknown size is not whole up to its last bad block")
    func sizeNotKnown() async throws {
        let made = try await Self.back(up: Self.connector(Self.sizeless(badBlocks: [1, 4])))
        #expect(made.report.manifest.images.map(\.size) == [5 * 0x400])
        #expect(made.report.summary.isProven)
        try await Self.expectUnknown(made, "the size of chip nand0 is unknown: anything beyond 0x00001400")
        #expect(made.report.manifest.gaps.map(\.size) == [nil] && made.report.manifest.gaps.map(\.offset) == [0x1400])
        #expect(made.restoreText.contains("at least 0x00001400"))
        let info = try await SurveyBoard.run(
            Self.connector(Self.sizeless(badBlocks: [1, 4])), environment: .simulated())
        let text = SurveyText.text(info, typedAddress: ["x"], width: 100, style: .plain, isVerbose: false)
        #expect(text.contains("Unknown: The size of chip nand0 is unknown"), "\(text)")
    }

    @Test("A backup with nothing in it is an error")
    func nothing() async throws {
        let folder = try ScratchFolder()
        do {
            _ = try await Backup.run(
                Self.connector(Self.sizeless(badBlocks: [])),
                options: BackupOptions(target: folder.path.appending("bag"), reconnects: 0), environment: .simulated())
            Issue.record("a backup of nothing was made")
        } catch let error as FlashkeepError {
            #expect(error.code == .noPartitions && flashkeep.ExitStatus(error.code) == .failed)
            #expect(
                error.what.contains("nothing to back up") && error.why.contains("the size of chip nand0 is unknown"))
        }
        #expect(!folder.exists("bag") && !folder.exists("bag.partial"))
        var hardware = SampleBoards.small()
        hardware.devices = []
        await #expect(throws: FlashkeepError(.noPartitions, what: "", why: "", next: "")) {
            _ = try await Self.back(up: SimulatedConnector(hardware))
        }
    }

    @Test("Bad blocks that are not all known keep a backup from being whole")
    func badBlocks() async throws {
        var hardware = SampleBoards.small()
        hardware.devices[0].partition.badBlocks?.isComplete = false
        hardware.devices[0].partition.badBlocks?.note = "the log was cut"
        try await Self.expectUnknown(
            try await Self.back(up: SimulatedConnector(hardware)),
            "not all bad blocks of mtd0 \"boot\" are known (the log was cut)")
    }

    // MARK: The table

    /// A board made of a folder, with a changed table, and with or without sysfs.
    private static func folderBoard(hasSysfs: Bool, _ change: (String) -> String) throws -> FolderBoard {
        let board = try FolderBoard(SampleBoards.router())
        let table = String(decoding: ScratchFolder.read(FilePath(board.root).appending("proc/mtd")), as: UTF8.self)
        if !hasSysfs { try board.remove("sys/class/mtd") }
        try board.write(change(table), "proc/mtd")
        return board
    }

    @Test(
        "A line of /proc/mtd that is not understood may have been a partition",
        arguments: [
            (
                "mtd3: 00001c00 00000400 \"rootfs\"\n",
                "mtd3: 00001[   12.345678] eth0: link up\nc00 00000400 \"rootfs\"\n"
            ),
            ("mtd3:", "mtd3: 00002000 00000400 \"rootfs\"\nmtd3:"), ("mtd3:", "mtdX:"),
        ])
    func tableLines(_ old: String, _ new: String) async throws {
        let board = try Self.folderBoard(hasSysfs: false) { $0.replacing(old, with: new) }
        let made = try await Self.back(up: board.connector(board.pipe))
        try await Self.expectUnknown(made, "a line of /proc/mtd was not understood")
        // If sysfs has everything that the line should have said, nothing about the table is unknown.
        guard new.contains("mtd3:") else { return }
        let other = try Self.folderBoard(hasSysfs: true) {
            $0.replacing(old, with: new.split(separator: "\n", maxSplits: 1).first.map { "\($0)\n" } ?? "")
        }
        let known = try await Self.back(up: other.connector(other.pipe))
        #expect(known.report.manifest.table == .complete || new.contains("00002000"), "\(known.report.manifest.table)")
    }

    @Test("Where no line of the table is understood, that is said, and not that there is no flash")
    func noLine() async throws {
        let board = try Self.folderBoard(hasSysfs: false) { $0.replacing("mtd", with: "\u{1B}[1mmtd") }
        do {
            _ = try await Self.back(up: board.connector(board.pipe))
            Issue.record("a backup was made")
        } catch let error as FlashkeepError {
            #expect(
                error.code == .replyNotUnderstood && error.what.contains("/proc/mtd, was not understood"), "\(error)")
        }
    }

    @Test("Names are bytes: those that are no UTF-8 are kept apart, and their partitions saved")
    func nameOfBytes() async throws {
        let board = try FolderBoard(SampleBoards.router())
        var table = ScratchFolder.read(FilePath(board.root).appending("proc/mtd"))
        for (name, bytes) in [("kernel", [0xFF, 0x41] as [UInt8]), ("rootfs", [0xFE, 0x41])] {
            let found = try #require(table.firstRange(of: Array("\"\(name)\"".utf8)))
            table.replaceSubrange(found, with: [0x22] + bytes + [0x22])
            let index = name == "kernel" ? 2 : 3
            try board.write(bytes + [0x0A], "sys/class/mtd/mtd\(index)/name")
        }
        try board.write(table, "proc/mtd")
        let made = try await Self.back(up: board.connector(board.pipe))
        #expect(made.report.manifest.table == .complete, "\(made.report.manifest.table)")
        #expect(
            made.report.manifest.partitions[2].name == "\\xffA" && made.report.manifest.partitions[3].name == "\\xfeA")
        #expect(BagCheck.problems(made.report, board.hardware).isEmpty)
        #expect(made.report.summary.isProven)
        #expect(!made.report.manifest.warnings.contains { $0.contains("sysfs") }, "\(made.report.manifest.warnings)")
    }

    @Test("Partitions that swap their names meanwhile are never saved under each other's")
    func swappedTable() async throws {
        var hardware = SampleBoards.router()
        // Two partitions of the same size, apart from each other.
        let nor = SimulatedHardware.Flash("spi0.0", kind: .spiNOR, blocks: 16, blockSize: 1024, seed: 3)
        hardware.chips = ["spi0.0": nor]
        hardware.devices = [nor.device(0, "one", 0..<8), nor.device(1, "two", 8..<16)]
        let counter = SimulatedConnector(hardware)
        _ = try await Self.back(up: counter)
        var refused = 0
        for number in 1..<counter.calls {
            let connector = SimulatedConnector(
                hardware,
                onCall: { call, hardware in
                    guard call == number else { return }
                    let devices = hardware.devices
                    hardware.devices[0] = devices[1]
                    hardware.devices[1] = devices[0]
                    hardware.devices[0].partition.index = 0
                    hardware.devices[1].partition.index = 1
                })
            do {
                let made = try await Self.back(up: connector)
                #expect(BagCheck.problems(made.report, hardware).isEmpty, "swapped at call \(number)")
                Issue.record("swapped at call \(number), and nobody noticed")
            } catch let error as FlashkeepError {
                // The simulated board itself refuses partitions that no longer exist; the table is read after that.
                #expect(error.code == .layoutChanged || error.why.contains("is not that partition"), "\(error)")
                refused += error.code == .layoutChanged ? 1 : 0
            }
        }
        #expect(refused >= 2)
    }

    @Test("The same through a shell: a table that changed by the end of the proof")
    func swappedTableOfAFolder() async throws {
        let nor = SimulatedHardware.Flash("nor0", kind: .nor, blocks: 16, blockSize: 1024, seed: 3)
        for isRestart in [false, true] {
            let board = try FolderBoard(
                SimulatedHardware(
                    identity: BoardIdentity(model: "Acme"), chips: [nor],
                    devices: [nor.device(0, "one", 0..<8), nor.device(1, "two", 8..<16)]))
            try board.write("first\n", "proc/sys/kernel/random/boot_id")
            let root = ShellWord.quoted(board.root)
            let change =
                isRestart
                ? "echo second >\(root)/proc/sys/kernel/random/boot_id"
                : "/bin/sed -i -e 's/one/ten/' -e 's/two/one/' -e 's/ten/two/' \(root)/proc/mtd;"
                    + "echo two >\(root)/sys/class/mtd/mtd0/name; echo one >\(root)/sys/class/mtd/mtd1/name"
            try board.replace(
                "sha256sum",
                with: "[ -e \(root)/done ] || { \(change); : >\(root)/done; }; exec /usr/bin/sha256sum \"$@\"")
            do {
                let made = try await Self.back(up: board.connector(board.pipe))
                Issue.record("nobody noticed: \(made.report.summary.sentences)")
            } catch let error as FlashkeepError {
                #expect(error.code == .layoutChanged && flashkeep.ExitStatus(error.code) == .refused, "\(error)")
                #expect(
                    error.why.contains(isRestart ? "the board restarted" : "mtd0 \"one\" is now mtd0 \"two\""),
                    "\(error)")
            }
        }
    }

    @Test("A partition that appears meanwhile is not in the backup, which says so")
    func appearing() async throws {
        let hardware = SampleBoards.small()
        let counter = SimulatedConnector(hardware)
        _ = try await Self.back(up: counter)
        let connector = SimulatedConnector(
            hardware,
            onCall: { call, hardware in
                guard call == counter.calls / 2, let flash = hardware.chips["nand0"] else { return }
                hardware.devices.append(flash.device(9, "late", 0..<1))
            })
        try await Self.expectUnknown(try await Self.back(up: connector), "mtd9 \"late\" is new")
    }

    @Test("A restore goes by place, and its plan says which partitions these are now")
    func otherTable() async throws {
        var hardware = SampleBoards.router()
        hardware.isWritable = true
        let made = try await Self.back(up: SimulatedConnector(hardware))
        // Another firmware partitions the same chip differently: the rootfs is now two partitions, with other numbers.
        var now = hardware
        let nor = try #require(now.chips["spi0.0"])
        now.devices.removeAll { $0.partition.chip == "spi0.0" }
        now.devices += [
            nor.device(0, "u-boot", 0..<3), nor.device(1, "linux", 3..<7), nor.device(2, "squashfs", 7..<10),
            nor.device(3, "jffs2", 10..<14), nor.device(8, "art", 14..<16),
        ]
        now.chips["spi0.0"]?.bytes[8 * 1024] ^= 0xFF
        now.chips["spi0.0"]?.bytes[12 * 1024] ^= 0xFF
        let connector = SimulatedConnector(now)
        let prepared = try await Restore.plan(
            made.bag, on: connector, choice: RestoreChoice(allowed: [.bootloader, .environment, .calibration]))
        let plan = try #require(prepared.planning.plan, "\(prepared.planning.refusals)")
        #expect(plan.changesPartitions)
        #expect(plan.parts.map(\.content) == [["mtd3 \"rootfs\""], ["mtd3 \"rootfs\""]])
        let text = RestorePlanText.text(plan, style: .plain, isVerbose: false)
        #expect(
            text.contains("Partitions that differ from the backup's: bytes return to their original place on the chip"),
            "\(text)")
        #expect(text.contains("mtd2 \"squashfs\" is now where the backup has mtd3 \"rootfs\""), "\(text)")
        #expect(text.contains("mtd3 \"jffs2\" is now where the backup has mtd3 \"rootfs\""), "\(text)")
        #expect(text.contains("Already as in the backup: mtd"), "\(text)")
        _ = try await Restore.run(
            prepared, on: connector, before: made.folder.path.appending("before"), environment: .simulated())
        #expect(connector.hardware.chips["spi0.0"]?.bytes == hardware.chips["spi0.0"]?.bytes)
    }

    // MARK: Other storage

    @Test("Storage that is no MTD is named everywhere, as not in the backup")
    func otherStorage() async throws {
        let board = try FolderBoard(SampleBoards.router())
        try board.write(
            """
            major minor  #blocks  name

              31        0         3 mtdblock0
             179        0    3817472 mmcblk0
             179        1      65536 mmcblk0p1
             179        2    3751936 mmcblk0p2

            """, "proc/partitions")
        try board.write("/dev/root / ext4 ro,relatime 0 0\ntmpfs /tmp tmpfs rw 0 0\n", "proc/mounts")
        try board.write("console=ttyS0 root=/dev/mmcblk0p2 rootwait\n", "proc/cmdline")
        let made = try await Self.back(up: board.connector(board.pipe))
        let words = "mmcblk0 (eMMC or SD card, 3.6 GiB, mounted on /)"
        #expect(made.report.manifest.otherStorage?.map(\.text) == [words])
        #expect(made.restoreText.contains("Not in it, because it is not MTD flash: \(words)."))
        #expect(made.printed.contains("Not in it, because it is not MTD flash: \(words)."), "\(made.printed)")
        let verified = try await Verify.run(bag: made.bag)
        #expect(VerifyText.text(verified, style: .plain, isVerbose: false).contains(words))
        let info = try await SurveyBoard.run(board.connector(board.pipe), environment: .simulated())
        let text = SurveyText.text(info, typedAddress: ["x"], width: 200, style: .plain, isVerbose: false)
        #expect(text.contains("Not in it, because it is not MTD flash: \(words)."), "\(text)")
    }

    // MARK: Combinations

    /// Something unknown about a board.
    enum Unknown: CaseIterable {
        case size, table, badBlocks, place, kind
    }

    @Test("Boards with unknowns, thrown at summary, RESTORE.md and exit status: never whole, never 0")
    func anyUnknown() async throws {
        var random = SplitMix64(state: 11)
        var whole = 0
        let rounds = 240
        for round in 0..<rounds {
            var hardware = Self.board(&random)
            var unknowns: Set<Unknown> = []
            // Every fourth board has none. It must be whole, or the test would prove nothing.
            while round % 4 != 0 && unknowns.isEmpty {
                for unknown in Unknown.allCases where Int.random(in: 0..<4, using: &random) == 0 {
                    if Self.put(unknown, into: &hardware, &random) { unknowns.insert(unknown) }
                }
            }
            let made = try await Self.back(up: SimulatedConnector(hardware)) {
                $0.proof = Bool.random(using: &random) ? .best : .none
            }
            let isKnown = unknowns.isEmpty
            #expect(
                made.report.summary.isWhole == isKnown, "round \(round), \(unknowns): \(made.report.summary.sentences)")
            #expect((made.status == .done) == isKnown, "round \(round), \(unknowns)")
            #expect(made.restoreText.contains("The backup is whole") == isKnown, "round \(round), \(unknowns)")
            #expect(made.printed.contains("The backup is whole") == isKnown, "round \(round), \(unknowns)")
            let manifest = try BagReader.open(made.bag).manifest()
            #expect(
                manifest.unknowns.isEmpty == isKnown && Summary(of: manifest) == made.report.summary, "round \(round)")
            whole += isKnown ? 1 : 0
        }
        print("\(rounds) boards, \(rounds - whole) with something unknown: none of these whole, none with status 0")
        #expect(whole == rounds / 4)
    }

    /// A board with one or two chips that are filled by their partitions.
    private static func board(_ random: inout SplitMix64) -> SimulatedHardware {
        var chips: [SimulatedHardware.Flash] = []
        var devices: [SimulatedHardware.Device] = []
        for number in 0..<Int.random(in: 1...2, using: &random) {
            let isNAND = Bool.random(using: &random)
            let blocks = Int.random(in: 4...8, using: &random)
            let flash = SimulatedHardware.Flash(
                isNAND ? "nand\(number)" : "nor\(number)", kind: isNAND ? .nand : .nor, blocks: blocks, blockSize: 512,
                pageSize: isNAND ? 128 : 1, oobSize: isNAND ? 4 : 0,
                badBlocks: isNAND ? [Int.random(in: 0..<blocks, using: &random)] : [], seed: UInt64(number))
            var start = 0
            while start < blocks {
                let end = Int.random(in: start + 1...blocks, using: &random)
                devices.append(flash.device(devices.count, "part\(devices.count)", start..<end))
                start = end
            }
            chips.append(flash)
        }
        return SimulatedHardware(identity: BoardIdentity(model: "Acme"), chips: chips, devices: devices)
    }

    /// - Returns: whether the board has what could be unknown.
    private static func put(_ unknown: Unknown, into hardware: inout SimulatedHardware, _ random: inout SplitMix64)
        -> Bool
    {
        let id = hardware.chips.keys.sorted().randomElement(using: &random) ?? ""
        let on = hardware.devices.indices.filter { hardware.devices[$0].partition.chip == id }
        switch unknown {
        case .size:
            guard let size = hardware.chips[id]?.chip.leastSize else { return false }
            hardware.chips[id]?.chip.size = .atLeast(Bool.random(using: &random) ? size : size / 2)
        case .table: hardware.table = hardware.table.adding(["a line was not understood"])
        case .badBlocks:
            guard let place = on.randomElement(using: &random), hardware.devices[place].partition.badBlocks != nil
            else {
                return false
            }
            hardware.devices[place].partition.badBlocks?.isComplete = false
        case .place:
            guard let place = on.randomElement(using: &random) else { return false }
            hardware.devices[place].partition.offsetSource = .guess
        case .kind:
            guard let place = on.randomElement(using: &random) else { return false }
            hardware.devices[place].partition.badBlocks = BadBlockKnowledge(
                bad: hardware.devices[place].partition.badBlocks?.bad ?? [], source: "none", isComplete: false)
        }
        return true
    }
}
