import FlashModel
import LinuxFlash
import Testing

/// Whole surveys, put together from what boards really printed.
@Suite struct LinuxSurveyTests {
    /// A NOR board of which nothing but /proc/mtd is known.
    @Test func redBootTableAlone() throws {
        let survey = try LinuxSurvey.assemble(replies: ["proc-mtd.txt": Fixture.reply("proc-mtd-redboot-nor.txt")])
        #expect(survey.partitions.count == 11)
        #expect(survey.partitions.map(\.index) == Array(0...10))
        #expect(survey.partition(9)?.name == "FIS directory")
        #expect(survey.partition(9)?.size == 0x1F000)
        #expect(survey.partition(9)?.role == .bootloader)
        #expect(survey.partition(10)?.role == .config)
        // The directory is no whole erase block: nothing tells where the one behind it begins.
        #expect(survey.partitions.dropLast().allSatisfy { $0.offsetSource == .guess })
        #expect(survey.partition(10)?.offsetSource == Partition.OffsetSource.none)
        #expect(survey.partition(10)?.offset == nil)
        // This board has 16 MiB, but guessed places do not tell: that its largest partition fits is all that is known.
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

    @Test("A guess ends where it cannot be right")
    func endsOfGuesses() throws {
        // Behind a partition that is no whole erase blocks.
        #expect(
            try Self.offsets(
                "mtd0: 00030000 00020000 \"boot\"\nmtd1: 00400000 00020000 \"data\"\nmtd2: 00400000 00020000 \"more\"\n"
            )
                == [0, nil, nil])
        // A kernel and what it mounts fill the firmware just so, though neither is whole erase blocks.
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

    /// A NAND board: names that repeat, a kernel whose size is no multiple of anything, a container of two.
    @Test func openWrtTableAlone() throws {
        let survey = try LinuxSurvey.assemble(replies: ["proc-mtd.txt": Fixture.reply("proc-mtd-openwrt-nand.txt")])
        #expect(survey.partitions.count == 14)
        #expect(survey.partition(12)?.size == 0x41FFE4)
        #expect(survey.partitions.filter { $0.name == "ML" }.count == 7)
        #expect(survey.partition(11)?.offset == survey.partition(12)?.offset)
        #expect(survey.partition(13)?.offset == 0x380000 + 0x420000)
        #expect(survey.chips.map(\.exactSize) == [nil])
        #expect(survey.unknowns.map(\.subject).prefix(2) == [.chipSize, .partitionPlace])
        // Guessed places merge nothing: each is read on its own.
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

    /// The emulated board, probed in full: a table of bad blocks at the chip's end, UBI on a partition.
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

    /// The same without mtdinfo: the log has no bad-block lines, so places are missing and said to be.
    @Test func badBlocksWithoutMtdinfo() throws {
        var replies = try Fixture.board("board-nandsim")
        replies["mtdinfo-map.txt"] = nil
        var survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.partition(1)?.badBlocks?.isComplete == false)
        #expect(survey.partition(1)?.badBlocks?.note == "the kernel counts 1 bad block; the kernel's log lists none")
        #expect(survey.partition(2)?.badBlocks?.isComplete == true)
        #expect(survey.partition(4)?.badBlocks?.table == [1716, 1717, 1718, 1719])
        #expect(survey.partition(4)?.badBlocks?.isComplete == true)

        // With the lines that other NAND drivers log: places on the chip become places in the partition.
        let lines = "Bad eraseblock 3 at 0x000000060000\nBad eraseblock 100 at 0x000000c80000\n"
        replies["dmesg.txt"]?.output += Array(lines.utf8)
        survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.partition(1)?.badBlocks == BadBlockKnowledge(bad: [3], source: "dmesg+sysfs", isComplete: true))
        #expect(survey.partition(3)?.badBlocks == BadBlockKnowledge(bad: [28], source: "dmesg+sysfs", isComplete: true))
        // One line too many: not believed to be all.
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

    /// Without sysfs the kernel's log tells the places: overlaps, repeated names, one out of reach.
    @Test func oddPartitionsByTheLog() throws {
        let survey = try LinuxSurvey.assemble(replies: [
            "proc-mtd.txt": Fixture.reply("proc-mtd-odd.txt"), "dmesg.txt": Fixture.reply("dmesg-odd-partitions.txt"),
        ])
        #expect(
            survey.partitions.map(\.offset) == [
                0, 0x1_0000, 0x1_1000, 0x2_0000, 0x12_0000, 0x10_0000, 0x20_0000, 0, 0x1_0000, 0x70_0000, nil,
                0x7F_F000,
                0x7F_F3E8, 0x10_0000,
            ])
        #expect(survey.partitions.filter { $0.size > 0 }.allSatisfy { $0.offsetSource == .dmesg })
        #expect(survey.chips.count == 1)
        #expect(survey.warnings.filter { $0.contains("overlap in part") }.count == 3)
        let cover = ReadCoverage.plan(survey)
        #expect(cover.images.map(\.fileName) == ["mtd0-u-boot.bin", "mtd8-firmware_mtd9-tail.bin"])
        #expect(cover.images.map(\.size).reduce(0, +) == 8 << 20)
        #expect(cover.skipped.map(\.partition) == [10])
    }

    /// The same with sysfs as it was on that board.
    @Test func oddPartitionsBySysfs() throws {
        let board = try FakeBoard()
        defer { board.remove() }
        let rows: [(String, Int, Int)] = [
            ("u-boot", 0, 65536), ("RedBoot config", 65536, 4096), ("env", 69632, 61440),
            ("kernel", 131_072, 1_048_576),
            ("rootfs", 1_179_648, 3_145_728), ("config", 1_048_576, 1_048_576), ("config", 2_097_152, 65536),
            ("u-boot", 0, 65536), ("firmware", 65536, 7_340_032), ("tail", 7_340_032, 1_048_576), ("Data", 0, 0),
            ("odd", 8_384_512, 1000), ("Partition_012", 8_385_512, 3096), ("we (x", 1_048_576, 65536),
        ]
        try board.add(
            rows.enumerated().map { index, row in
                FakeBoard.Device(
                    index: index, name: row.0, size: row.2, eraseSize: 65536, type: "ram", offset: row.1,
                    folder: "virtual/mtd", flags: index == 0 ? "0x1800" : "0x1c00")
            })
        var replies = try board.probe(shell: ["sh"])
        replies["dmesg.txt"] = try Fixture.reply("dmesg-odd-partitions.txt")
        let survey = try LinuxSurvey.assemble(replies: replies)
        let byLog = try LinuxSurvey.assemble(replies: [
            "proc-mtd.txt": Fixture.reply("proc-mtd-odd.txt"), "dmesg.txt": Fixture.reply("dmesg-odd-partitions.txt"),
        ])
        #expect(survey.partitions.map(\.offset) == byLog.partitions.map(\.offset))
        #expect(survey.partitions.filter { $0.size > 0 }.allSatisfy { $0.offsetSource == .sysfs })
        #expect(survey.chips.count == 1)
        #expect(
            ReadCoverage.plan(survey).images
                == ReadCoverage.plan(byLog).images.map { image in
                    var image = image
                    image.offsetSource = .sysfs
                    return image
                })

        // Without the log nothing tells that they are on one chip: then what overlaps is read on its own.
        replies["dmesg.txt"] = nil
        let apart = try LinuxSurvey.assemble(replies: replies)
        #expect(apart.chips.count > 1)
        let pieces = ReadCoverage.plan(apart).images.flatMap(\.pieces)
        #expect(Set(pieces.map(\.mtd)).count == 13)
    }

    @Test func oddNANDPartitions() throws {
        let board = try FakeBoard()
        defer { board.remove() }
        let rows: [(String, Int, Int, Int)] = [
            ("boot", 0, 1_048_576, 1), ("env", 1_048_576, 131_072, 0), ("odd1", 1_179_648, 133_120, 0),
            ("odd2", 1_312_768, 129_024, 0), ("kernel", 1_441_792, 4_194_304, 1), ("firmware", 0, 16_777_216, 3),
            ("ubi", 16_777_216, 33_554_432, 0), ("rest", 50_331_648, 218_103_808, 0),
        ]
        var devices = rows.enumerated().map { index, row in
            FakeBoard.Device(
                index: index + 1, name: row.0, size: row.2, eraseSize: 131_072, type: "nand", offset: row.1,
                folder: "virtual/mtd", writeSize: 2048, oobSize: 64, flags: "0x400", badBlocks: row.3)
        }
        devices.append(
            FakeBoard.Device(
                index: 0, name: "mtdram test device", size: 8 << 20, eraseSize: 65536, type: "ram",
                folder: "virtual/mtd"))
        try board.add(devices)
        var replies = try board.probe(shell: ["sh"])
        replies["dmesg.txt"] = try Fixture.reply("dmesg-nand-odd-partitions.txt")
        let survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.chips.map(\.exactSize) == [8 << 20, 256 << 20])
        #expect(
            ReadCoverage.plan(survey).images.map(\.fileName) == [
                "mtd0-mtdram_test_device.bin", "mtd6-firmware.bin", "mtd7-ubi.bin", "mtd8-rest.bin",
            ])
        #expect(survey.warnings == [])
    }

    /// Kernels with the partitioned-master option: the chip is an MTD device, its partitions lie below.
    @Test func masterAndPartitions() throws {
        let board = try FakeBoard()
        defer { board.remove() }
        func nand(_ index: Int, _ name: String, _ size: Int, _ offset: Int?, _ folder: String) -> FakeBoard.Device {
            FakeBoard.Device(
                index: index, name: name, size: size, eraseSize: 131_072, type: "nand", offset: offset, folder: folder,
                writeSize: 2048, oobSize: 64, flags: "0x400")
        }
        try board.add([
            FakeBoard.Device(
                index: 0, name: "mtdram test device", size: 8 << 20, eraseSize: 65536, type: "ram",
                folder: "virtual/mtd"),
            nand(1, "NAND 256MiB 1,8V 8-bit", 256 << 20, nil, "virtual/mtd"),
            nand(2, "NAND simulator partition 0", 1_048_576, 0, "virtual/mtd/mtd1"),
            nand(3, "NAND simulator partition 1", 8_388_608, 1_048_576, "virtual/mtd/mtd1"),
            nand(4, "NAND simulator partition 2", 33_554_432, 9_437_184, "virtual/mtd/mtd1"),
            nand(5, "NAND simulator partition 3", 225_443_840, 42_991_616, "virtual/mtd/mtd1"),
        ])
        let survey = try LinuxSurvey.assemble(replies: board.probe(shell: ["sh"]))
        #expect(survey.partitions.map(\.parent) == [nil, nil, 1, 1, 1, 1])
        #expect(survey.chips.map(\.sizeKnowledge) == [.exact, .exact])
        #expect(survey.partition(5)?.offset == 42_991_616)
        let cover = ReadCoverage.plan(survey)
        #expect(cover.images.map(\.fileName) == ["mtd0-mtdram_test_device.bin", "mtd1-NAND_256MiB_1_8V_8-bit.bin"])
        #expect(cover.view(of: 4) == CoverView(partition: 4, image: 1, offset: 9_437_184))
        // An unmounted board: nothing is live. A mount deep down makes the chip's device live too.
        try board.write("/proc/mounts", "/dev/mtdblock4 /data jffs2 rw 0 0\n")
        let mounted = try LinuxSurvey.assemble(replies: board.probe(shell: ["sh"]))
        #expect(mounted.partitions.filter(\.isLive).map(\.index) == [1, 4])
    }

    /// UBI volumes as MTD devices are views: no image, no gap.
    @Test func gluebi() throws {
        let board = try FakeBoard()
        defer { board.remove() }
        var devices = [
            FakeBoard.Device(
                index: 3, name: "ubi", size: 33_554_432, eraseSize: 131_072, type: "nand", offset: 0,
                folder: "platform/nand.0/mtd", writeSize: 2048, oobSize: 64, flags: "0x400")
        ]
        for (index, name, size) in [(5, "kernel", 1_000_000), (6, "rootfs_data", 4_257_792)] {
            devices.append(
                FakeBoard.Device(
                    index: index, name: name, size: size, eraseSize: 129_024, type: "ubi", folder: "virtual/mtd",
                    writeSize: 2048, flags: "0x400"))
        }
        try board.add(devices)
        let survey = try LinuxSurvey.assemble(replies: board.probe(shell: ["sh"]))
        #expect(survey.chips.map(\.id) == ["nand.0"])
        let cover = ReadCoverage.plan(survey)
        #expect(cover.images.map(\.fileName) == ["mtd3-ubi.bin"])
        #expect(cover.skipped.map(\.partition) == [5, 6])
        #expect(cover.gaps.map(\.size) == [nil])

        // Without sysfs, by the log that UBI is at work.
        let bare = try LinuxSurvey.assemble(replies: [
            "proc-mtd.txt": Fixture.reply("proc-mtd-gluebi.txt"), "dmesg.txt": Fixture.reply("dmesg-ubi-attach.txt"),
        ])
        #expect(bare.partitions.filter(\.isUBIVolume).map(\.index) == [5, 6])
        #expect(bare.partition(3)?.isLive == true)
    }

    /// The device tree alone: an old kernel without sysfs, its log gone.
    @Test func malta() throws {
        let survey = try LinuxSurvey.assemble(replies: [
            "proc-mtd.txt": LinuxProbeReply(
                text: """
                    dev:    size   erasesize  name
                    mtd0: 00100000 00010000 "YAMON"
                    mtd1: 002e0000 00010000 "User FS"
                    mtd2: 00020000 00010000 "Board Config"

                    """),
            "device-tree-flash.txt": Fixture.reply("device-tree-malta.txt"),
        ])
        #expect(survey.partitions.map(\.offset) == [0, 0x10_0000, 0x3E_0000])
        #expect(survey.partitions.allSatisfy { $0.offsetSource == .deviceTree })
        #expect(survey.partitions.map(\.role) == [.bootloader, .firmware, .config])
        #expect(survey.chips.map(\.source) == ["device-tree"])
        #expect(survey.chips.first?.leastSize == 4 << 20)
    }

    @Test func commandLineAlone() throws {
        let survey = try LinuxSurvey.assemble(replies: [
            "proc-mtd.txt": LinuxProbeReply(
                text: """
                    mtd0: 00040000 00010000 "u-boot"
                    mtd1: 00010000 00010000 "env"
                    mtd2: 007b0000 00010000 "firmware"
                    """),
            "cmdline.txt": LinuxProbeReply(text: "console=ttyS0 mtdparts=spi0.0:256k(u-boot)ro,64k(env),-(firmware)\n"),
        ])
        #expect(survey.partitions.map(\.offset) == [0, 0x4_0000, 0x5_0000])
        #expect(survey.partitions.allSatisfy { $0.offsetSource == .commandLine })
        #expect(survey.chips.map(\.id) == ["spi0.0"])
    }

    /// Two chips with the same partitions: the log's groups tell them apart, also where the names are the same.
    @Test func twoChipsAlike() throws {
        let table = (0..<4).map { "mtd\($0): 00040000 00010000 \"\($0 % 2 == 0 ? "u-boot" : "rest")\"\n" }.joined()
        let group = """
            Creating 2 MTD partitions on "flash":
            0x00000000-0x00040000 : "u-boot"
            0x00040000-0x00080000 : "rest"

            """
        let survey = try LinuxSurvey.assemble(replies: [
            "proc-mtd.txt": LinuxProbeReply(text: table), "dmesg.txt": LinuxProbeReply(text: group + group),
        ])
        #expect(survey.chips.map(\.id) == ["flash", "flash-2"])
        #expect(survey.partitions.map(\.chip) == ["flash", "flash", "flash-2", "flash-2"])
        #expect(ReadCoverage.plan(survey).images.count == 4)
    }

    /// One line for two devices: which is meant cannot be told, so neither gets a place.
    @Test func ambiguousLog() throws {
        let survey = try LinuxSurvey.assemble(replies: [
            "proc-mtd.txt": LinuxProbeReply(text: "mtd0: 00040000 00010000 \"x\"\nmtd1: 00040000 00010000 \"x\"\n"),
            "dmesg.txt": LinuxProbeReply(text: "Creating 1 MTD partitions on \"a\":\n0x00000000-0x00040000 : \"x\"\n"),
        ])
        #expect(!survey.partitions.contains { $0.offsetSource == .dmesg })
        #expect(ReadCoverage.plan(survey).images.count == 2)
    }

    /// Nested groups without sysfs, as an old kernel logs them: the outer group goes on behind the inner.
    @Test func nestedByTheLog() throws {
        let survey = try LinuxSurvey.assemble(replies: [
            "proc-mtd.txt": LinuxProbeReply(
                text: """
                    mtd0: 00040000 00010000 "u-boot"
                    mtd1: 00fb0000 00010000 "firmware"
                    mtd2: 00200000 00010000 "kernel"
                    mtd3: 00db0000 00010000 "rootfs"
                    mtd4: 00010000 00010000 "art"
                    """),
            "dmesg.txt": LinuxProbeReply(text: LinuxParserTests.Log.nested),
        ])
        #expect(survey.partitions.map(\.offset) == [0, 0x4_0000, 0x4_0000, 0x24_0000, 0xFF_0000])
        #expect(survey.partitions.map(\.parent) == [nil, nil, 1, 1, nil])
        #expect(survey.chips.map(\.kind) == [.spiNOR])
        #expect(survey.chips.map(\.exactSize) == [16 << 20])
        #expect(survey.chips.map(\.sizeKnowledge) == [.exact])
        #expect(
            ReadCoverage.plan(survey).images.map(\.fileName) == [
                "mtd0-u-boot.bin", "mtd1-firmware.bin", "mtd4-art.bin",
            ])
    }

    @Test func contradictionsAreTold() throws {
        let board = try FakeBoard()
        defer { board.remove() }
        try board.add(Boards.spiNOR)
        var replies = try board.probe(shell: ["sh"])
        replies["dmesg.txt"] = LinuxProbeReply(
            text: "Creating 1 MTD partitions on \"spi0.0\":\n0x000000050000-0x000000060000 : \"u-boot-env\"\n")
        replies["cmdline.txt"] = LinuxProbeReply(text: "mtdparts=spi0.0:128k(x),256k(u-boot)\n")
        replies["proc-mtd.txt"]?.output += Array("mtd9: 00001000 00[ 12.3] eth0: up\n".utf8)
        let survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.partition(1)?.offset == 0x4_0000)
        #expect(survey.warnings.contains { $0.contains("mtd1") && $0.contains("kernel's log at 0x00050000") })
        #expect(survey.warnings.contains { $0.contains("mtd0") && $0.contains("mtdparts") })
        #expect(survey.table.doubts.count == 1 && survey.table.doubts[0].contains("was not understood"))
    }

    /// Flash that only the log names may be flash that no device shows.
    @Test func flashThatOnlyTheLogNames() throws {
        let board = try FakeBoard()
        defer { board.remove() }
        try board.add(Boards.spiNOR)
        var replies = try board.probe(shell: ["sh"])
        func doubts(_ log: String) throws -> [String] {
            replies["dmesg.txt"] = LinuxProbeReply(text: log)
            return try LinuxSurvey.assemble(replies: replies).table.doubts
        }
        #expect(try doubts("spi-nor spi0.0: w25q16 (2048 Kbytes)\n").isEmpty)
        #expect(try doubts("spi-nor spi0.0: w25q16 (2048 Kbytes)\nspi-nor spi0.1: w25q128 (16384 Kbytes)\n").count == 1)
        #expect(
            try doubts("Creating 1 MTD partitions on \"spi0.1\":\n0x000000000000-0x000001000000 : \"second\"\n").count
                == 1)
        // One chip with two sizes has none that is known.
        replies["dmesg.txt"] = LinuxProbeReply(
            text: "spi-nor spi0.0: w25q16 (2048 Kbytes)\nspi-nor spi0.0: w25q128 (16384 Kbytes)\n")
        replies["sysfs-mtd.txt"] = replies["sysfs-mtd.txt"].map { reply in
            LinuxProbeReply(
                text: String(decoding: reply.output, as: UTF8.self).replacing("size:65536\n", with: "size:65537\n"))
        }
        #expect(try LinuxSurvey.assemble(replies: replies).table.doubts.contains { $0.contains("/proc/mtd says") })
    }

    /// What lies beyond the devices that are taken in may be flash.
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

    /// Roots on UBI and on a squashfs in flash: in use, and live where something may write.
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

    /// No sysfs: mtdinfo tells the kinds and the bad blocks, the log the places.
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

    /// An offset counts from the parent: where the parent is not known, it must not be taken for a place.
    @Test func offsetsWithoutAParent() throws {
        let board = try FakeBoard()
        defer { board.remove() }
        try board.add(Boards.spiNOR)
        var replies = try board.probe(shell: ["sh"])
        // The container's line is lost, and it is nowhere in sysfs.
        func lines(_ name: String, without drop: (String) -> Bool) -> LinuxProbeReply {
            let text = String(decoding: replies[name]?.output ?? [], as: UTF8.self)
            return LinuxProbeReply(
                text: text.split(separator: "\n").map(String.init).filter { !drop($0) }.joined(separator: "\n"))
        }
        let whole = replies
        replies["proc-mtd.txt"] = lines("proc-mtd.txt") { $0.hasPrefix("mtd2:") }
        replies["sysfs-mtd.txt"] = LinuxProbeReply(
            text: String(decoding: whole["sysfs-mtd.txt"]?.output ?? [], as: UTF8.self)
                .replacing("== mtd2\n", with: "== lost\n"))
        var survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.partition(3)?.offset == nil)
        #expect(survey.partition(4)?.offset == nil)
        #expect(survey.partition(5)?.offset == 0x1F_0000)
        #expect(ReadCoverage.plan(survey).images.map(\.pieces.count) == [1, 1, 1, 1, 1])

        // The paths are lost.
        replies = whole
        replies["sysfs-mtd.txt"] = lines("sysfs-mtd.txt") { $0.hasPrefix("path:") }
        survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.partitions.allSatisfy { $0.offsetSource != .sysfs && $0.offsetSource != .wholeChip })
        #expect(ReadCoverage.plan(survey).images.count == 7)
    }
}
