import BackupBags
import FlashModel
import FoundationEssentials
import SystemPackage
import Testing

@Suite("The text that says how to put it back")
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

    @Test("It is, word for word, what was read by a person")
    func golden() throws {
        let path = FilePath(#filePath).removingLastComponent().appending("Golden/RESTORE.md")
        let text = RestoreText.text(for: Self.manifest)
        if ProcessInfo.processInfo.environment["FLASHKEEP_RECORD"] != nil {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path.string))
        }
        let golden = FileManager.default.contents(atPath: path.string).map { String(decoding: $0, as: UTF8.self) }
        #expect(text == golden, "run with FLASHKEEP_RECORD=1 to record it anew, and read it")
    }

    @Test("No name of the board can break out of its place")
    func hostileNames() {
        let text = RestoreText.text(for: Self.manifest)
        #expect(text.utf8.allSatisfy { (0x20..<0x7F).contains($0) || $0 == 0x0A })
        #expect(!text.contains("\n# rm"))
        for line in text.split(separator: "\n") where line.hasPrefix("    ") { #expect(!line.contains("reboot)")) }
    }

    @Test("Damaged images get no commands")
    func damaged() {
        var manifest = Self.manifest
        manifest.images[0].blocks = [BlockFinding(offset: 0x10, size: 0x10, state: .eccFailed)]
        let text = RestoreText.text(for: manifest)
        #expect(!text.contains("of=/dev/mtd0") && !text.contains("/dev/mtd0\n"))
        #expect(text.contains("Do not write it by hand: its file has damaged or unread bytes"))
    }

    @Test("The tools that the board has decide the commands")
    func tools() {
        var manifest = Self.manifest
        manifest.capture.tools = [:]
        let text = RestoreText.text(for: manifest)
        #expect(!text.contains("flashcp -v") && !text.contains("flash_erase -q"))
        #expect(text.contains("of=/dev/mtdblock1 bs=4096 conv=fsync"))
        #expect(!text.contains("of=/dev/mtdblock4"))
    }

    @Test("How the system that ran would write it stands before the procedure by hand")
    func procedures() {
        let usual = RestoreText.text(for: Self.manifest)
        let text = RestoreText.text(
            for: Self.manifest,
            procedures: [
                0: .commands(name: "dd to the block device", ["dd if=FILE of=/dev/mtdblock0 bs=4096 seek=NUMBER"]),
                4: .none(why: "NAND wants flash_erase", next: "start an initramfs"),
            ])
        #expect(text.contains("(dd to the block device):\n\n    dd if=FILE of=/dev/mtdblock0 bs=4096 seek=NUMBER\n"))
        #expect(text.contains("no right way to write it: NAND wants flash_erase. What would help: start an initramfs."))
        let whole = RestoreText.text(
            for: Self.manifest,
            procedures: [
                4: .commands(
                    name: "flash_eraseall and dd", ["flash_eraseall -q /dev/mtd4", "dd of=/dev/mtd4 seek=NUMBER"],
                    erasesPartition: true)
            ])
        #expect(
            whole.contains("the first line once, which erases all of the partition")
                && !whole.contains("block that differs (flash_eraseall"))
        #expect(!usual.contains("no right way") && text.count > usual.count)
    }

    @Test("The summary names what is missing and what is not proven")
    func summary() {
        let summary = Summary(of: Self.manifest)
        #expect(!summary.isWhole)
        #expect(!summary.isProven)
        #expect(summary.missing == ["4 KiB at 0x00008000 of chip spi0.0 are not in it: no partition covers it"])
        #expect(summary.doubts == ["mtd4 \"ubi\" was written to by the running system while it was read"])
        var good = Self.manifest
        good.gaps = []
        good.images[3].proof.result = .proven
        #expect(
            Summary(of: good).sentences == [
                "The backup is whole: everything that the board shows of its flash is in it.",
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
