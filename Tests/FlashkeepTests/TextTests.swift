import ArgumentParser
import BackupBags
import BoardAccess
import BoardChannels
import FlashModel
import Testing

@testable import Operations
@testable import flashkeep

struct TextTests {
    static let chip = Chip(
        id: "spi0.0", kind: .spiNOR, size: 0x80000, sizeKnowledge: .exact, eraseBlockSize: 0x10000, pageSize: 1,
        oobSize: 0, source: "sysfs")
    static let partitions = [
        Partition(
            index: 0, name: "RedBoot", chip: "spi0.0", offset: 0, offsetSource: .sysfs, size: 0x20000,
            eraseBlockSize: 0x10000, pageSize: 1, oobSize: 0, type: "nor", role: .bootloader),
        Partition(
            index: 1, name: "evil\u{1B}[2J", chip: "spi0.0", offset: 0x20000, offsetSource: .guess, size: 0x60000,
            eraseBlockSize: 0x10000, pageSize: 1, oobSize: 0, type: "nor", uses: ["mounted rw on /overlay"],
            badBlocks: BadBlockKnowledge(bad: [1, 2], table: [2], source: "mtdinfo", isComplete: false)),
    ]
    static let survey = Survey(
        board: BoardIdentity(model: "Acme\u{7} 3000", hostname: "router"), chips: [chip], partitions: partitions,
        table: .complete, warnings: ["the kernel hides something"])

    static let report = SurveyReport(
        address: "ssh://root@router", way: "Linux shell over SSH", transfer: "raw", survey: survey,
        images: [SurveyReport.Image(path: "data/images/mtd0.bin", chip: "spi0.0", offset: 0, size: 0x80000)],
        bytesToRead: 0x80000, gaps: [CoverGap(chip: "spi0.0", offset: 0, size: 5, reason: "no partition reaches it")],
        unknowns: survey.unknowns, skipped: [], checksum: .sha256,
        estimate: SurveyReport.Estimate(bytesPerSecond: 10_000, seconds: 52, isMeasured: false), commands: [])

    static let manifest = Manifest(
        board: survey.board, chips: [chip],
        partitions: [
            PartitionRecord(partitions[0], view: .init(image: "data/images/mtd0.bin", offset: 0)),
            PartitionRecord(partitions[1], view: nil, reason: "it vanished"),
        ],
        images: [
            ImageRecord(
                path: "data/images/mtd0.bin", chip: "spi0.0", offset: 0, size: 0x20000,
                sha256: String(repeating: "0", count: 64), proof: Proof(against: .secondRead, result: .proven))
        ],
        table: .complete,
        capture: CaptureRecord(
            toolVersion: "1", address: "root@router", way: "ssh", startedAt: "", finishedAt: ""),
        warnings: ["something is odd"])

    @Test func infoTellsWhatABoardIs() {
        let text = SurveyText.text(
            Self.report, typedAddress: ["root@router", "--ssh-config", "my file"], width: 80, style: .plain,
            isVerbose: true)
        #expect(text.contains("Board       Acme\\x07 3000\n"))
        #expect(text.contains("mtd0  RedBoot"))
        #expect(text.contains("~0x00020000"))
        #expect(text.contains("1 or more, table in 1"))
        #expect(text.contains("mounted rw on /overlay"))
        #expect(text.contains("about 55 s"))
        #expect(text.contains("Not in it: 5 bytes at 0x00000000 of spi0.0: No partition reaches it."))
        #expect(text.contains("  - The kernel hides something."))
        #expect(text.hasSuffix("Next: flashkeep backup root@router --ssh-config 'my file'\n"))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || (0x20...0x7E).contains($0.value) })
    }

    @Test func aBackupTellsWhatIsMissing() {
        let report = BackupReport(
            bag: "my router", manifest: Self.manifest, summary: Summary(of: Self.manifest), resumedBytes: 1 << 20)
        let text = BackupText.text(report, elapsed: .seconds(61), style: .plain, isVerbose: false)
        #expect(text.hasPrefix("Saved my router\n  1 partition in 1 image, 128 KiB, in 1 min 1 s.\n"))
        #expect(text.contains("1 MiB of this came from an earlier run."))
        #expect(text.contains("The backup is not whole:\n  mtd1 \"evil"))
        #expect(text.contains("is not in it: it vanished."))
        #expect(text.contains("It is proven: every image was read twice, and both reads agreed."))
        #expect(text.contains("Something is odd."))
        #expect(text.contains("flashkeep verify 'my router'"))
        #expect(!text.contains("\u{1B}"))
    }

    @Test func verifyListsProblems() {
        var report = VerifyReport(
            bag: "bag", ok: true, problems: [], notes: [], images: [], filesChecked: 3, bytesChecked: 1 << 20)
        #expect(
            VerifyText.text(report, style: .plain, isVerbose: false).hasPrefix("bag is intact: every byte of 3 files"))
        report.ok = false
        report.problems = [VerifyProblem(kind: .missing, path: "a", message: "a is missing")]
        let text = VerifyText.text(report, style: .plain, isVerbose: false)
        #expect(text.hasPrefix("bag is damaged: 1 problem.\n  a is missing\n"))
        #expect(text.contains("Next: "))
    }

    @Test func aProofByABoardNamesWhatDiffersAndWhatWasNotCompared() {
        func image(_ path: String, _ result: BoardProofReport.Result) -> BoardProofReport.Image {
            BoardProofReport.Image(
                path: path, size: 8_192, result: result, bytesProven: result == .equal ? 8_192 : 0, different: [],
                omissions: [])
        }
        var different = image("data/images/b.bin", .different)
        different.different = [BoardProofReport.Stretch(offset: 4_096, size: 4_096)]
        var incomplete = image("data/images/c.bin", .incomplete)
        incomplete.omissions = [DiffReport.Omission(offset: 0, size: 8_192, reason: "evil\u{1B}[2J", isLoss: true)]
        var report = BoardProofReport(
            bag: "bag", board: DiffReport.Side(name: "eva://box", board: BoardIdentity()), algorithm: .crc32,
            images: [image("data/images/a.bin", .equal), different, incomplete], isSame: false, isWhole: false,
            notes: ["a doubt"])
        let text = BoardProofText.text(report, style: .plain, isVerbose: false)
        #expect(text.hasPrefix("bag is intact. By crc32 of eva://box:\n"))
        #expect(text.contains("differs, in 4 KiB or less") && text.contains("not compared"))
        #expect(text.contains("data/images/b.bin: differs from 0x00001000 to 0x00002000"))
        #expect(text.contains("8 KiB at 0x00000000 not compared: evil\\x1b[2J") && text.contains("Note: a doubt"))
        #expect(text.contains("The backup differs from what the board has now"))
        report.isSame = true
        #expect(BoardProofText.text(report, style: .plain, isVerbose: false).contains("not everything could be"))
        report.isWhole = true
        #expect(
            BoardProofText.text(report, style: .plain, isVerbose: false)
                .hasSuffix("The backup is what the board has now.\n"))
    }

    @Test func extractNamesFilesAndWhatHasNone() {
        let report = ExtractReport(
            folder: "out", ok: true, isWhole: false,
            partitions: [
                ExtractedPartition(
                    index: 0, name: "a", file: "mtd0-a.bin", size: 1_024, blocks: [], damage: ["64 KiB at 0x0: unread"]),
                ExtractedPartition(index: 1, name: "b", size: 0, reason: "it has no bytes", blocks: [], damage: []),
            ])
        let text = ExtractText.text(report, bag: "bag", style: .plain)
        #expect(text.contains("Extracted 1 file to out"))
        #expect(text.contains("mtd0-a.bin  1 KiB  damaged: 64 KiB at 0x0: unread"))
        #expect(text.contains("mtd1 \"b\": it has no bytes"))
    }

    @Test func portsAreListedOrTheirAbsenceIsExplained() {
        #expect(PortsText.text([], style: .plain).contains("No serial port was found"))
        let port = SerialPort(path: "/dev/ttyUSB0", driver: "ftdi_sio", manufacturer: "FTDI", product: "FT232R")
        #expect(PortsText.text([port], style: .plain).contains("serial:/dev/ttyUSB0  ftdi_sio  FTDI FT232R"))
    }

    @Test(arguments: [
        (0, "less than 1 s"), (59, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (1_830, "31 min"), (7_500, "2 h 5 min"),
        (90_000, "1 d 1 h"), (-5, "less than 1 s"),
    ])
    func durationsReadWell(seconds: Int, text: String) {
        #expect(DurationText.text(seconds: seconds) == text)
    }

    @Test func wordsAreQuotedForTheShell() {
        #expect(ShellWord.pastable("a-b_c/d.e") == "a-b_c/d.e")
        #expect(ShellWord.pastable("a b") == "'a b'")
        #expect(ShellWord.pastable("it's") == "'it'\\''s'")
        #expect(ShellWord.pastable("$(reboot)") == "'$(reboot)'")
        #expect(ShellWord.pastable("") == "''")
    }

    @Test func everyVerbHasExamplesBeforeItsOptions() {
        for verb in Verbs.all {
            let help = FlashkeepCommand.helpMessage(for: verb, columns: 80)
            #expect(help.contains("Examples:"))
            #expect(
                help.firstRange(of: "Examples:").map {
                    $0.lowerBound < help.firstRange(of: "OPTIONS")?.lowerBound ?? help.endIndex
                } == true)
            // No example is wrapped.
            #expect(!help.split(separator: "\n").contains { $0.count > 80 })
        }
    }
}
