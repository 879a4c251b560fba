import FlashModel
import LinuxFlash
import Testing

/// Offsets from the kernel log, its command line and the device tree, if sysfs has none.
extension LinuxSurveyTests {
    /// Without sysfs, the kernel log has the offsets: overlaps, repeated names, one out of range.
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

    /// Only the device tree: an old kernel without sysfs, whose log is gone.
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

    /// Two chips with equal partitions: the log's groups distinguish them, even if the names are equal.
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

    /// One log line for two devices: it is ambiguous, so neither gets an offset.
    @Test func ambiguousLog() throws {
        let survey = try LinuxSurvey.assemble(replies: [
            "proc-mtd.txt": LinuxProbeReply(text: "mtd0: 00040000 00010000 \"x\"\nmtd1: 00040000 00010000 \"x\"\n"),
            "dmesg.txt": LinuxProbeReply(text: "Creating 1 MTD partitions on \"a\":\n0x00000000-0x00040000 : \"x\"\n"),
        ])
        #expect(!survey.partitions.contains { $0.offsetSource == .dmesg })
        #expect(ReadCoverage.plan(survey).images.count == 2)
    }

    /// Nested groups without sysfs, as logged by an old kernel: the outer group continues after the inner one.
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

    /// Flash that only the log mentions may be flash without a device.
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
        // A chip with two sizes has no known size.
        replies["dmesg.txt"] = LinuxProbeReply(
            text: "spi-nor spi0.0: w25q16 (2048 Kbytes)\nspi-nor spi0.0: w25q128 (16384 Kbytes)\n")
        replies["sysfs-mtd.txt"] = replies["sysfs-mtd.txt"].map { reply in
            LinuxProbeReply(
                text: String(decoding: reply.output, as: UTF8.self).replacing("size:65536\n", with: "size:65537\n"))
        }
        #expect(try LinuxSurvey.assemble(replies: replies).table.doubts.contains { $0.contains("/proc/mtd says") })
    }
}
