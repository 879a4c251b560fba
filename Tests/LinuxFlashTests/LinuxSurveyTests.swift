import FlashModel
import LinuxFlash
import Testing

/// Whole surveys, from real boards' output.
@Suite struct LinuxSurveyTests {
    /// A NOR board with only /proc/mtd.
    @Test func redBootTableAlone() throws {
        let survey = try LinuxSurvey.assemble(replies: ["proc-mtd.txt": Fixture.reply("proc-mtd-redboot-nor.txt")])
        #expect(survey.partitions.count == 11)
        #expect(survey.partitions.map(\.index) == Array(0...10))
        #expect(survey.partition(9)?.name == "FIS directory")
        #expect(survey.partition(9)?.size == 0x1F000)
        #expect(survey.partition(9)?.role == .bootloader)
        #expect(survey.partition(10)?.role == .config)
        // The directory does not fill its erase block, so the next partition's offset is unknown.
        #expect(survey.partitions.dropLast().allSatisfy { $0.offsetSource == .guess })
        #expect(survey.partition(10)?.offsetSource == Partition.OffsetSource.none)
        #expect(survey.partition(10)?.offset == nil)
        // The board has 16 MiB, but guessed offsets do not prove it: only the size of the largest partition is certain.
        #expect(survey.chips.map(\.size) == [.atLeast(survey.partitions.map(\.size).max() ?? 0)])
        #expect(survey.unknowns.map(\.subject).prefix(2) == [.chipSize, .partitionPlace])
        #expect(!survey.warnings.isEmpty)

        let cover = ReadCoverage.plan(survey)
        #expect(cover.images.count == 11)
        #expect(cover.images.first?.fileName == "mtd0-RedBoot.bin")
        #expect(cover.images.map(\.size).reduce(0, +) == 16 << 20)
        #expect(cover.gaps.isEmpty)
    }

    private static func offsets(_ table: String, log: String = "") throws -> [Int?] {
        var replies = ["proc-mtd.txt": LinuxProbeReply(text: table)]
        if !log.isEmpty { replies["dmesg.txt"] = LinuxProbeReply(text: log) }
        return try LinuxSurvey.assemble(replies: replies).partitions.map(\.offset)
    }

    @Test("Guesses stop where they cannot be right")
    func endsOfGuesses() throws {
        // After a partition that does not fill its erase blocks.
        #expect(
            try Self.offsets(
                "mtd0: 00030000 00020000 \"boot\"\nmtd1: 00400000 00020000 \"data\"\nmtd2: 00400000 00020000 \"more\"\n"
            )
                == [0, nil, nil])
        // A kernel and its root file system fill the firmware exactly, though neither consists of whole erase blocks.
        #expect(
            try Self.offsets(
                "mtd0: 00030000 00010000 \"u-boot\"\nmtd1: 00fb0000 00010000 \"firmware\"\n"
                    + "mtd2: 0011a791 00010000 \"kernel\"\nmtd3: 00e9586f 00010000 \"rootfs\"\n"
                    + "mtd4: 00010000 00010000 \"art\"\n")
                == [0, 0x30000, 0x30000, 0x14A791, 0xFE0000])
        // Partitions that are larger than the chip share bytes.
        let table = "mtd0: 00800000 00010000 \"a\"\nmtd1: 00800000 00010000 \"b\"\nmtd2: 00400000 00010000 \"c\"\n"
        #expect(try Self.offsets(table) == [0, 0x80_0000, 0x100_0000])
        #expect(
            try Self.offsets(table, log: "[    1.0] m25p80 spi0.0: w25q128 (16384 Kbytes)\n") == [nil, nil, nil])
    }

    /// A NAND board: repeated names, a kernel of odd size, a container of two partitions.
    @Test func openWrtTableAlone() throws {
        let survey = try LinuxSurvey.assemble(replies: ["proc-mtd.txt": Fixture.reply("proc-mtd-openwrt-nand.txt")])
        #expect(survey.partitions.count == 14)
        #expect(survey.partition(12)?.size == 0x41FFE4)
        #expect(survey.partitions.filter { $0.name == "ML" }.count == 7)
        #expect(survey.partition(11)?.offset == survey.partition(12)?.offset)
        #expect(survey.partition(13)?.offset == 0x380000 + 0x420000)
        #expect(survey.chips.map(\.exactSize) == [nil])
        #expect(survey.unknowns.map(\.subject).prefix(2) == [.chipSize, .partitionPlace])
        // Guessed offsets merge nothing: each partition is read separately.
        let cover = ReadCoverage.plan(survey)
        #expect(cover.images.count == 14)
        #expect(Set(cover.images.map { $0.fileName.lowercased() }).count == 14)
    }

    @Test func noMTD() throws {
        let partitions = """
            major minor  #blocks  name

             179        0    3817472 mmcblk0
             179        1      32768 mmcblk0p1
             179        8       4096 mmcblk0boot0

            """
        #expect(throws: FlashkeepError(.noMTD, what: "", why: "", next: "")) {
            try LinuxSurvey.assemble(replies: [
                "proc-mtd.txt": LinuxProbeReply(text: "", exitStatus: 1),
                "partitions.txt": LinuxProbeReply(text: partitions),
            ])
        }
        do {
            _ = try LinuxSurvey.assemble(replies: ["partitions.txt": LinuxProbeReply(text: partitions)])
        } catch {
            #expect(error.why.contains("mmcblk0 (eMMC or SD card, 3.6 GiB)"))
            #expect(!error.why.contains("mmcblk0p1"))
        }
    }

    @Test func emptyTable() {
        #expect(throws: FlashkeepError(.noPartitions, what: "", why: "", next: "")) {
            try LinuxSurvey.assemble(replies: [
                "proc-mtd.txt": LinuxProbeReply(text: "dev:    size   erasesize  name\n")
            ])
        }
    }

    /// The emulated board, fully probed: a bad-block table at the chip's end, UBI on a partition.
    @Test func nandBoardInFull() throws {
        let replies = try Fixture.board("board-nandsim")
        let survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.warnings == [])
        #expect(LinuxSurvey.userID(replies: replies) == 0)
        #expect(survey.chips.map(\.kind) == [.ram, .nand])
        #expect(survey.chips.map(\.exactSize) == [8 << 20, 256 << 20])
        #expect(survey.chips.map(\.sizeKnowledge) == [.exact, .exact])
        #expect(survey.chips[1].ecc == Chip.ECC(strength: 4, stepSize: 512))
        #expect(survey.chips[1].pageSize == 2048)
        #expect(survey.chips[1].oobSize == 64)
        #expect(survey.partitions.map(\.offset) == [0, 0, 0x10_0000, 0x90_0000, 0x290_0000])
        #expect(survey.partitions.map(\.offsetSource) == [.wholeChip, .sysfs, .sysfs, .sysfs, .sysfs])
        #expect(survey.partition(0)?.badBlocks == nil)
        #expect(survey.partition(1)?.badBlocks == BadBlockKnowledge(bad: [3], source: "mtdinfo", isComplete: true))
        #expect(survey.partition(2)?.badBlocks == BadBlockKnowledge(bad: [], source: "sysfs", isComplete: true))
        #expect(survey.partition(3)?.badBlocks?.bad == [28])
        #expect(survey.partition(4)?.badBlocks?.bad == [])
        #expect(survey.partition(4)?.badBlocks?.table == [1716, 1717, 1718, 1719])
        #expect(survey.partition(3)?.uses == ["attached to ubi0"])
        #expect(survey.partitions.filter(\.isLive).map(\.index) == [3])
        #expect(survey.ubi.first?.volumes.map(\.name) == ["kernel", "rootfs_data"])
        #expect(survey.board.model == "Flashkeep Lab Board")
        #expect(survey.board.distribution == "OpenWrt 22.03.5 r20134-5f15225c1e")
        #expect(survey.board.macAddresses == ["52:54:00:12:34:56"])
        let cover = ReadCoverage.plan(survey)
        #expect(cover.images.count == 5)
        #expect(cover.gaps.isEmpty)
        let facts = LinuxFacts(replies)
        #expect(facts.nodes.character(2) == "/dev/mtd2ro")
        #expect(facts.nodes.block(2) == "/dev/mtdblock2")
        #expect(facts.nodes.character(7) == nil)
        #expect(facts.kernelVersion == LinuxFacts.KernelVersion(major: 6, minor: 1))
    }

    /// The same without mtdinfo: the log has no bad-block lines, so positions are missing and reported as such.
    @Test func badBlocksWithoutMtdinfo() throws {
        var replies = try Fixture.board("board-nandsim")
        replies["mtdinfo-map.txt"] = nil
        var survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.partition(1)?.badBlocks?.isComplete == false)
        #expect(survey.partition(1)?.badBlocks?.note == "the kernel counts 1 bad block; the kernel's log lists none")
        #expect(survey.partition(2)?.badBlocks?.isComplete == true)
        #expect(survey.partition(4)?.badBlocks?.table == [1716, 1717, 1718, 1719])
        #expect(survey.partition(4)?.badBlocks?.isComplete == true)

        // With the lines that other NAND drivers log: positions on the chip become positions in the partition.
        let lines = "Bad eraseblock 3 at 0x000000060000\nBad eraseblock 100 at 0x000000c80000\n"
        replies["dmesg.txt"]?.output += Array(lines.utf8)
        survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.partition(1)?.badBlocks == BadBlockKnowledge(bad: [3], source: "dmesg+sysfs", isComplete: true))
        #expect(survey.partition(3)?.badBlocks == BadBlockKnowledge(bad: [28], source: "dmesg+sysfs", isComplete: true))
        // One line too many, so the list is not taken to be complete.
        replies["dmesg.txt"]?.output += Array("Bad eraseblock 4 at 0x000000080000\n".utf8)
        survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.partition(1)?.badBlocks?.bad == [3, 4])
        #expect(survey.partition(1)?.badBlocks?.isComplete == false)
    }

    @Test func expertModeHidesBadBlocks() throws {
        var replies = try Fixture.board("board-nandsim")
        replies["expert-mode.txt"] = LinuxProbeReply(text: "Y\n")
        let survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.partition(2)?.badBlocks?.isComplete == false)
        #expect(survey.warnings.contains { $0.contains("expert analysis mode") })
    }

    /// Devices beyond the limit may be flash.
    @Test func tableThatIsTooLong() throws {
        func table(_ count: Int) -> LinuxProbeReply {
            let lines = (0..<count).map { "mtd\($0): 00010000 00010000 \"part\($0)\"\n" }
            return LinuxProbeReply(text: "dev:    size   erasesize  name\n" + lines.joined())
        }
        let whole = try LinuxSurvey.assemble(replies: ["proc-mtd.txt": table(256)])
        #expect(whole.partitions.count == 256 && whole.table == .complete)
        let cut = try LinuxSurvey.assemble(replies: ["proc-mtd.txt": table(257)])
        #expect(cut.partitions.count == 256)
        #expect(cut.table.doubts == ["there are more than 256 MTD devices; the rest are left out"])
    }

    /// Root file systems on UBI and on squashfs in flash: in use, and live if something may write.
    @Test func mountsAndVolumes() throws {
        var replies = try Fixture.board("board-nandsim")
        replies["mounts.txt"] = LinuxProbeReply(
            text: """
                /dev/root /rom squashfs ro,relatime 0 0
                ubi0:rootfs_data /overlay ubifs rw,noatime 0 0
                mtd:NAND\\040simulator\\040partition\\0401 /mnt jffs2 rw 0 0
                tmpfs /tmp tmpfs rw 0 0
                """)
        replies["cmdline.txt"] = LinuxProbeReply(text: "root=/dev/mtdblock1 rootfstype=squashfs\n")
        let survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.partition(1)?.uses == ["mounted ro on /rom (squashfs)"])
        #expect(survey.partition(1)?.isLive == false)
        #expect(survey.partition(2)?.uses == ["mounted rw on /mnt (jffs2)"])
        #expect(survey.partition(2)?.isLive == true)
        #expect(
            survey.partition(3)?.uses == [
                "attached to ubi0", "volume \"rootfs_data\" of ubi0 mounted rw on /overlay (ubifs)",
            ])
    }

    /// Without sysfs, mtdinfo has the types and bad blocks, and the log the offsets.
    @Test func boardWithoutSysfs() throws {
        let survey = try LinuxSurvey.assemble(replies: Fixture.board("board-without-sysfs"))
        #expect(survey.chips.map(\.kind) == [.ram, .nand])
        #expect(survey.partitions.map(\.offsetSource) == [.guess, .dmesg, .dmesg, .dmesg, .dmesg])
        #expect(survey.partition(1)?.badBlocks?.bad == [3])
        #expect(survey.partition(1)?.badBlocks?.isComplete == true)
        #expect(survey.partition(3)?.badBlocks?.bad == [28])
        #expect(survey.partition(3)?.isLive == true)
        #expect(survey.partition(2)?.pageSize == 2048)
        #expect(survey.partition(2)?.oobSize == 64)
    }
}
