import BackupBags
import FlashModel
import FoundationEssentials
import LinuxFlash
import SystemPackage
import Testing

@Suite("The instructions for restoring by hand")
struct RestoreTextTests {
    /// A board with everything that the text must cover.
    static let manifest: Manifest = {
        let images = Samples.images.enumerated().map { number, image in
            ImageRecord(
                path: image.path, chip: image.chip, offset: image.offset, size: image.size,
                sha256: StreamingChecksum.digest(of: Samples.contents[number], .sha256).hex,
                proof: Proof(
                    against: .boardChecksum, checksum: Digest(algorithm: .md5, hex: String(repeating: "0", count: 32)),
                    result: number == 3 ? .changed : .proven),
                badBlocks: number == 3 ? [Samples.badBlock.lowerBound] : [],
                blocks: number == 3
                    ? [
                        BlockFinding(offset: 0x4000, size: 0x2000, state: .factoryBad),
                        BlockFinding(offset: 0x8000, size: 0x200, state: .changed),
                    ] : [])
        }
        var manifest = Samples.manifest(images: images)
        manifest.board.model = "Acme `Router` | 3000\n# rm -rf /"
        manifest.partitions[3].name = "ART\u{1B}[31m$(reboot)"
        manifest.partitions[4].uses = ["attached to ubi0"]
        manifest.ubi = [UBIDevice(index: 0, mtd: 4, volumes: [])]
        var damaged = PartitionRecord(
            Samples.partition(5, "log", chip: Samples.nand, offset: 0x8000, size: 0x2000),
            view: .init(image: Samples.images[3].path, offset: 0x8000))
        damaged.isWritable = false
        manifest.partitions.append(damaged)
        manifest.partitions.append(
            PartitionRecord(
                Samples.partition(6, "lost", chip: Samples.nor, offset: 0x8000, size: 0), view: nil))
        manifest.partitions.append(
            PartitionRecord(
                Samples.partition(7, "odd", chip: Samples.nor, offset: 0x2000, size: 0x1234),
                view: .init(image: Samples.images[1].path, offset: 0)))
        manifest.gaps = [CoverGap(chip: "spi0.0", offset: 0x8000, size: 0x1000, reason: "no partition covers it")]
        manifest.warnings = ["dmesg and sysfs disagree about mtd2"]
        return manifest
    }()

    /// The procedures of a Linux shell with these tools, for the manifest's partitions.
    static func procedures(
        _ tools: [String] = ["dd", "tr", "sha256sum", "mtdinfo", "flash_erase"]
    ) -> [Int: ManualProcedure] {
        let toolbox = LinuxToolbox(invocations: Dictionary(uniqueKeysWithValues: tools.map { ($0, $0) }))
        return Dictionary(
            uniqueKeysWithValues: manifest.partitions.map {
                ($0.index, LinuxManualProcedure.procedure(for: $0.partition, toolbox))
            })
    }

    @Test("It equals the reviewed text")
    func golden() throws {
        let path = FilePath(#filePath).removingLastComponent().appending("Golden/RESTORE.md")
        let text = RestoreText.text(for: Self.manifest, procedures: Self.procedures())
        if ProcessInfo.processInfo.environment["FLASHKEEP_RECORD"] != nil {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path.string))
        }
        let golden = FileManager.default.contents(atPath: path.string).map { String(decoding: $0, as: UTF8.self) }
        #expect(text == golden, "run with FLASHKEEP_RECORD=1 to record it anew, and read it")
    }

    @Test("No name from the board can break out of its context")
    func hostileNames() {
        let text = RestoreText.text(for: Self.manifest, procedures: Self.procedures())
        #expect(text.utf8.allSatisfy { (0x20..<0x7F).contains($0) || $0 == 0x0A })
        #expect(!text.contains("\n# rm"))
        for line in text.split(separator: "\n") where line.hasPrefix("    ") { #expect(!line.contains("reboot)")) }
    }

    @Test("Damaged images get no commands")
    func damaged() {
        var manifest = Self.manifest
        manifest.images[0].blocks = [BlockFinding(offset: 0x10, size: 0x10, state: .eccFailed)]
        let text = RestoreText.text(for: manifest, procedures: Self.procedures())
        #expect(!text.contains("put-back-flash_erase.sh 0 ") && text.contains("put-back-flash_erase.sh 1 "))
        #expect(text.contains("Do not write it by hand: its file has damaged or unread bytes"))
    }

    @Test("The board's tools determine the commands, and each method is described once")
    func tools() {
        let text = RestoreText.text(
            for: Self.manifest, procedures: Self.procedures(["dd", "busybox", "tr", "md5sum", "flash_eraseall"]))
        #expect(!text.contains("flash_erase.sh") && !text.contains("sha256sum /tmp"))
        // On NOR the block device erases automatically; on NAND the whole partition is erased at once.
        #expect(text.contains("### A: from Linux, with dd to the block device\n"))
        #expect(text.contains("### B: from Linux, with flash_eraseall\n"))
        #expect(text.contains("Write it as in section 5, A:\n\n    sh /tmp/put-back-mtdblock.sh 1 20480 4096 4096 "))
        #expect(
            text.contains(
                "section 5, B:\n\n    sh /tmp/put-back-flash_eraseall.sh 4 65536 8192 512 /tmp/mtd4-ubi.bin 2\n"))
        for name in ["mtdblock", "flash_eraseall"] {
            #expect(text.split(separator: "\n").count { $0 == "    # put-back-\(name).sh" } == 1)
        }
        let poor = RestoreText.text(for: Self.manifest, procedures: Self.procedures(["dd"]))
        #expect(poor.contains("had no tool that can write it. Start Linux from RAM with mtd-utils"))
        #expect(poor.contains("sh /tmp/put-back-flash_erase.sh 4 65536"))
    }

    @Test("Without instructions from the access method, none are invented")
    func noDialect() {
        let shell = ["/proc", "/dev/", "mtd-utils", "flash_erase", "nandwrite", "busybox"]
        let plain = RestoreText.text(for: Self.manifest)
        #expect(plain.contains("The names `mtdN` are this backup's own") && plain.contains("has no known commands"))
        for word in shell { #expect(!plain.contains(word), "\(word)") }
        let method = ManualProcedure.Method(
            name: "from the monitor", identification: "Look at the chip with `fis list`.", rules: ["Mind the gap."],
            steps: [.text("Type:"), .commands(["load FILE"])])
        let text = RestoreText.text(
            for: Self.manifest,
            procedures: [
                0: .commands(method, lines: ["load FILE", "cmp FILES x=FILE a/FILE"], notes: ["It needs `FILE`."]),
                1: .commands(method, lines: ["load FILE"], notes: []),
                4: .impossible(why: "NAND wants\nanother tool", next: "take a programmer"),
            ])
        for word in shell { #expect(!text.contains(word), "\(word)") }
        #expect(text.contains("### From the monitor\n\n- Mind the gap.\n\nType:\n\n    load FILE\n"))
        #expect(text.contains("It needs `mtd0-RedBoot.bin`.\n"))
        #expect(text.contains("    load mtd0-RedBoot.bin\n    cmp FILES x=mtd0-RedBoot.bin a/mtd0-RedBoot.bin\n"))
        #expect(text.contains("cannot write it: NAND wants\\x0aanother tool. Instead, take a programmer.\n"))
    }

    @Test("The summary lists what is missing or not proven")
    func summary() {
        let summary = Summary(of: Self.manifest)
        #expect(!summary.isWhole)
        #expect(!summary.isProven)
        #expect(summary.missing == ["4 KiB at 0x00008000 of chip spi0.0 are not in it: no partition covers it"])
        #expect(summary.doubts == ["mtd4 \"ubi\" was changed by the running system while it was being read"])
        var good = Self.manifest
        good.gaps = []
        good.images[3].proof.result = .proven
        #expect(
            Summary(of: good).sentences == [
                "The backup is whole: it has all of the flash that the board shows.",
                "It is proven: every image has the board's own checksums (md5).",
            ])
        good.images[1].blocks = [
            BlockFinding(offset: 0, size: 0x100, state: .unread),
            BlockFinding(offset: 0x1000, size: 0x100, state: .unread),
        ]
        good.partitions[3].view = nil
        good.partitions[3].reason = "the board would not give it"
        #expect(
            Summary(of: good).missing == [
                "mtd3 \"ART\\x1b[31m$(reboot)\" (4 KiB) is not in it: the board would not give it",
                "512 bytes of mtd1 \"firmware\" could not be read and are 0xFF in the file, in 2 places, the first at 0x00000000",
            ])
    }
}
