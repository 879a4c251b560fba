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

    /// ZTE MF286A: the kernel has put `firmware` together of `kernel` and `rootfs`. It is no flash of its own.
    @Test(arguments: [0x1D0_0000, 0x1D0_0001]) func concatenation(size: Int) throws {
        let digits = String(size, radix: 16)
        let survey = try LinuxSurvey.assemble(replies: [
            "proc-mtd.txt": LinuxProbeReply(
                text: """
                    dev:    size   erasesize  name
                    mtd0: 000a0000 00010000 "u-boot"
                    mtd1: 00020000 00010000 "u-boot-env"
                    mtd2: 00140000 00010000 "reserved1"
                    mtd3: 000a0000 00020000 "fota-flag"
                    mtd4: 00080000 00020000 "art"
                    mtd5: 00300000 00020000 "kernel"
                    mtd6: 01a00000 00020000 "rootfs"
                    mtd7: 01900000 00020000 "data"
                    mtd8: \(String(repeating: "0", count: 8 - digits.count))\(digits) 00020000 "firmware"

                    """),
            "dmesg.txt": Fixture.reply("dmesg-mtd-concat.txt"),
        ])
        let firmware = try #require(survey.partition(8))
        let cover = ReadCoverage.plan(survey)
        guard size == 0x1D0_0000 else {
            // The sizes do not add up: it may be anything, and is read.
            #expect(!firmware.isView && cover.skipped.isEmpty)
            return
        }
        #expect(firmware.isView && firmware.type == "concat")
        #expect(cover.skipped.map(\.partition) == [8])
        #expect(cover.skipped.first?.reason.contains("puts it together") == true)
        #expect(cover.images.flatMap(\.pieces).map(\.mtd) == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(survey.chips.count == 2)
    }

    /// Remapping layers by the names that vendors' kernels give them.
    @Test(
        arguments: [
            ("[    1.289581] [BBT] BMT.v2 is found at 0x3ff", "BMT"), ("[    2.1] en75_bmt: init", "BMT"),
            ("[    2.1] bmt pool size: 163", "BMT"), ("[    2.1] mtk_bmt: bmt_init", "BMT"),
            ("[    2.1] nmbm nmbm_spim_nand: Signature found at block 1023 [0x07fe0000]", "NMBM"),
            ("[    2.1] Creating 7 MTD partitions on \"nmbm\":", "NMBM"), ("[    2.1] [RBA] table found", "RBA"),
        ])
    func remapping(line: String, name: String) throws {
        let survey = try LinuxSurvey.assemble(replies: [
            "proc-mtd.txt": LinuxProbeReply(text: "mtd0: 00040000 00010000 \"u-boot\"\n"),
            "dmesg.txt": LinuxProbeReply(text: line + "\n"),
        ])
        #expect(survey.warnings.contains { $0.hasPrefix("\(name) remaps blocks") })
    }

    @Test func bmtOfAVendorsKernel() throws {
        let log = KernelLog([try Fixture.reply("dmesg-bmt-v2.txt")])
        #expect(log.remapping == "BMT" && log.lines.count == 14)
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
