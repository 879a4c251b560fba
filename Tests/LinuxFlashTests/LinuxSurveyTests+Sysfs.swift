import FlashModel
import LinuxFlash
import Testing

/// Offsets from sysfs.
extension LinuxSurveyTests {
    /// The partitions of `oddPartitionsByTheLog`, with the sysfs of that board.
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

        // Without the log, it is unknown that they share a chip, so overlapping ones are read separately.
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

    /// Kernels with the partitioned-master option: the chip is an MTD device, with its partitions below it.
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
        // Without mounts nothing is live. A mount deep in the tree makes the chip's device live, too.
        try board.write("/proc/mounts", "/dev/mtdblock4 /data jffs2 rw 0 0\n")
        let mounted = try LinuxSurvey.assemble(replies: board.probe(shell: ["sh"]))
        #expect(mounted.partitions.filter(\.isLive).map(\.index) == [1, 4])
    }

    /// UBI volumes as MTD devices are views, with neither image nor gap.
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
        let picture = PartitionPicture().lines(survey)
        let heading = try #require(picture.firstIndex { $0.contains("Views of UBI volumes") })
        #expect(picture[..<heading].allSatisfy { !$0.contains("kernel") && !$0.contains("rootfs_data") })
        #expect(picture[heading...].contains { $0.contains("mtd5 kernel") })

        // Without sysfs, the log shows that UBI is attached.
        let bare = try LinuxSurvey.assemble(replies: [
            "proc-mtd.txt": Fixture.reply("proc-mtd-gluebi.txt"), "dmesg.txt": Fixture.reply("dmesg-ubi-attach.txt"),
        ])
        #expect(bare.partitions.filter(\.isUBIVolume).map(\.index) == [5, 6])
        #expect(bare.partition(3)?.isLive == true)
    }

    /// Offsets are relative to the parent: if the parent is unknown, they are not positions on the chip.
    @Test func offsetsWithoutAParent() throws {
        let board = try FakeBoard()
        defer { board.remove() }
        try board.add(Boards.spiNOR)
        var replies = try board.probe(shell: ["sh"])
        // The container's line is lost, and sysfs does not have it.
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
