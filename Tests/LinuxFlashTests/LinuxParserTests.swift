import FlashAccess
import FlashModel
import LinuxFlash
import Testing

/// The parsers, with real output of programs and other possible output.
@Suite struct LinuxParserTests {
    @Suite struct Table {
        @Test func oddNamesAndSizes() throws {
            let table = ProcMTD(try Fixture.reply("proc-mtd-odd.txt").output)
            #expect(table.hasHeader)
            #expect(table.strayLines == [])
            #expect(table.entries.map(\.index) == Array(0...13))
            #expect(table.entries[10] == ProcMTD(Array("mtd10: 00000000 00010000 \"Data\"".utf8)).entries[0])
            #expect(table.entries[11].size == 1000)
            #expect(table.entries[13].name == "we (x")
        }

        @Test func moreThanEightDigits() throws {
            let table = ProcMTD(try Fixture.reply("proc-mtd-over-4GiB.txt").output)
            #expect(table.entries[2].size == 0x1_8000_0000)
        }

        @Test func quotesInNamesAndGapsInNumbers() throws {
            let table = ProcMTD(try Fixture.reply("proc-mtd-number-gap.txt").output)
            #expect(table.entries.map(\.index) == [0, 1, 3, 4, 5])
            #expect(table.entries[2].name == "name, with \"x")
        }

        @Test(arguments: [
            "mtd0: 00010000 00010000 u-boot", "mtd: 1 1 \"x\"", "mtd0 00010000 00010000 \"x\"", "mtd0: 00010000 \"x\"",
            "mtd99999999999999999999: 1 1 \"x\"", "mtd0: ffffffffffffffffffff 1 \"x\"", "mtd0: 1 1 \"", "mtd0:",
            "mtd0: 00020000 [ 12.5] eth0: link up", "[ 12.5] mtd: something",
        ])
        func tornLines(line: String) {
            let table = ProcMTD(Array("dev:    size   erasesize  name\r\n\(line)\r\n".utf8))
            #expect(table.entries == [])
            #expect(table.strayLines.count == 1)
        }

        @Test func anAccentBehindAQuoteIsNoOtherCharacter() {
            let table = ProcMTD(Array("mtd0: 1000 1000 \"\u{301}a\u{301}\"\r\n".utf8))
            #expect(table.entries.map(\.name) == ["\u{301}a\u{301}"])
        }
    }

    @Suite struct Log {
        @Test func rangesOfOneChip() throws {
            let log = KernelLog([try Fixture.reply("dmesg-nandsim-probe.txt")])
            #expect(log.groups.map(\.master) == ["NAND 256MiB 1,8V 8-bit"])
            #expect(log.lines.map(\.start) == [0, 0x10_0000, 0x90_0000, 0x290_0000])
            #expect(log.nand.map(\.size) == [256 << 20])
            #expect(log.nand.first?.words == "ST Micro NAND 256MiB 1,8V 8-bit")
            #expect(log.nand.first?.manufacturerID == "0x20")
            #expect(log.nand.first?.chipID == "0xaa")
            #expect(log.nand.first?.pageSize == 2048)
            #expect(log.nand.first?.eraseSize == 131_072)
            #expect(log.nand.first?.oobSize == 64)
        }

        @Test func outOfReach() throws {
            let log = KernelLog([try Fixture.reply("dmesg-odd-partitions.txt")])
            let data = try #require(log.lines.first { $0.name == "Data" })
            #expect(data.isDisabled)
            #expect(data.size == 0)
            #expect(log.groups.first?.parser == "cmdlinepart")
            #expect(log.groups.first?.count == 14)
        }

        @Test func forcedReadOnly() throws {
            let log = KernelLog([try Fixture.reply("dmesg-nand-odd-partitions.txt")])
            #expect(log.lines.filter(\.isForcedReadOnly).map(\.name) == ["odd1", "odd2"])
        }

        @Test func parallelChip() throws {
            let log = KernelLog([try Fixture.reply("dmesg-nor-probe.txt")])
            #expect(log.cfi.map(\.device) == ["physmap-flash.0"])
            #expect(log.cfi.map(\.size) == [4 << 20])
        }

        @Test func partitionsMadeByHand() throws {
            let log = KernelLog([try Fixture.reply("dmesg-mtdpart-add.txt")])
            #expect(log.groups.isEmpty)
            #expect(log.lines.count == 5)
            #expect(log.lines.allSatisfy { $0.group == nil && $0.isExtra })
            #expect(log.lines[2].name == "name, with \"x")
        }

        /// The outer group continues after the inner one: its own count decides, not the last `Creating` line.
        @Test func linesBehindANestedGroup() {
            let log = KernelLog([LinuxProbeReply(text: Self.nested)])
            #expect(log.groups.map(\.master) == ["spi0.0", "firmware"])
            #expect(log.lines.map(\.group) == [0, 0, 1, 1, 0])
            #expect(log.groups[1].parentLine == 1)
        }

        static let nested = """
            spi-nor spi0.0: w25q128 (16384 Kbytes)
            3 fixed-partitions partitions found on MTD device spi0.0
            Creating 3 MTD partitions on "spi0.0":
            0x000000000000-0x000000040000 : "u-boot"
            0x000000040000-0x000000ff0000 : "firmware"
            2 uimage-fw partitions found on MTD device firmware
            Creating 2 MTD partitions on "firmware":
            0x000000000000-0x000000200000 : "kernel"
            0x000000200000-0x000000fb0000 : "rootfs"
            0x000000ff0000-0x000001000000 : "art"

            """

        @Test func deletedPartitionsAreForgotten() {
            let log = KernelLog([
                LinuxProbeReply(text: Self.nested + "Deleting MTD partitions on \"spi0.0\":\n" + Self.nested)
            ])
            #expect(log.groups.count == 2)
            #expect(log.lines.count == 5)
            #expect(log.groups[1].parentLine == 1)
        }

        @Test func badBlocksAndTables() throws {
            let log = KernelLog([
                try Fixture.reply("dmesg-bad-block-table.txt"),
                LinuxProbeReply(
                    text: """
                        Scanning device for bad blocks
                        Bad eraseblock 14 at 0x0000001c0000
                        Bad eraseblock 3 at 0x000000060000
                        Bad eraseblock 3 at 0x000000060000
                        nand_read_bbt: bad block at 0x000000080000
                        Bad block table found at page 131008, version 0x01
                        mtd: partition "x" extends beyond the end of device "y" -- size truncated to 0x1000
                        """),
            ])
            #expect(log.badBlocks == [0x6_0000, 0x8_0000, 0x1C_0000])
            #expect(log.tableBlocks == [0xFFC_0000, 0xFFE_0000])
            #expect(log.tablePages == [131_008])
        }

        @Test func truncated() {
            let log = KernelLog([
                LinuxProbeReply(
                    text: """
                        Creating 1 MTD partitions on "y":
                        0x00000000-0x00040000 : "x"
                        mtd: partition "x" extends beyond the end of device "y" -- size truncated to 0x1000
                        """)
            ])
            #expect(log.lines.map(\.size) == [0x1000])
        }

        @Test func ubiAndRemapping() throws {
            let log = KernelLog([
                try Fixture.reply("dmesg-ubi-attach.txt"),
                LinuxProbeReply(text: "nmbm nmbm_spim_nand: Signature found at block 1023 [0x07fe0000]\n"),
            ])
            #expect(log.ubiAttached.map(\.mtd) == [3])
            #expect(log.remapping == "NMBM")
        }
    }

    @Suite struct CommandLine {
        static func parse(_ text: String) -> KernelCommandLine { KernelCommandLine(LinuxProbeReply(text: text + "\n")) }

        @Test func grammar() {
            let line = Self.parse(
                "console=ttyS0 mtdparts=spi0.0:256k(u-boot)ro,64k(u-boot-env),1m@0x20000(a b),-(firmware);nand:0x100000,2M@8m(x)rolk"
            )
            // Unless it is quoted, a blank ends the word, as in the kernel.
            #expect(line.mtdparts.isEmpty)
            let quoted = Self.parse(
                "root=/dev/mtdblock5 \"mtdparts=spi0.0:256k(u-boot)ro,64k(u-boot-env),1m@0x20000(a b),-(firmware);nand:0x100000,2M@8m(x)rolk\" ubi.mtd=ubi,2048"
            )
            #expect(quoted.root == "/dev/mtdblock5")
            #expect(quoted.ubiMTD == ["ubi"])
            #expect(quoted.mtdparts.map(\.id) == ["spi0.0", "nand"])
            #expect(quoted.mtdparts[0].parts.map(\.name) == ["u-boot", "u-boot-env", "a b", "firmware"])
            #expect(quoted.mtdparts[0].parts.map(\.offset) == [0, 0x4_0000, 0x2_0000, 0x12_0000])
            #expect(quoted.mtdparts[0].parts.map(\.size) == [0x4_0000, 0x1_0000, 0x10_0000, nil])
            #expect(quoted.mtdparts[0].parts.map(\.isReadOnly) == [true, false, false, false])
            #expect(quoted.mtdparts[1].parts.map(\.name) == ["Partition_000", "x"])
            #expect(quoted.mtdparts[1].parts.map(\.offset) == [0, 8 << 20])
            #expect(quoted.mtdparts[1].parts[1].isReadOnly)
        }

        @Test func idsWithColonsCommasAndBlanks() {
            let line = Self.parse("\"mtdparts=NAND 256MiB 1,8V 8-bit:1m(boot),-(a:b)\"")
            #expect(line.mtdparts.map(\.id) == ["NAND 256MiB 1,8V 8-bit"])
            #expect(line.mtdparts.first?.parts.map(\.name) == ["boot", "a:b"])
        }

        @Test(arguments: [
            "mtdparts=", "mtdparts=:", "mtdparts=a", "mtdparts=a:", "mtdparts=a:1m(x", "mtdparts=a:x",
            "mtdparts=a:1m@(x)",
            "mtdparts=a:99999999999999999999g(x)", "mtdparts=a:999999999999g(x)", "mtdparts=;;;;",
            "mtdparts=a:0777777777777777777777777(x)",
        ])
        func nonsense(text: String) {
            #expect(Self.parse(text).mtdparts.isEmpty)
        }
    }

    @Suite struct Tree {
        @Test func maltaAsHexdump() throws {
            let tree = DeviceTree(try Fixture.reply("device-tree-malta.txt"))
            #expect(tree.parts.map(\.name) == ["YAMON", "User FS", "Board Config"])
            #expect(tree.parts.map(\.offset) == [0, 0x10_0000, 0x3E_0000])
            #expect(tree.parts.map(\.size) == [0x10_0000, 0x2E_0000, 0x2_0000])
            #expect(tree.parts.map(\.isReadOnly) == [true, false, true])
            #expect(Set(tree.parts.map(\.flash)) == ["/flash@1e000000"])
        }

        /// Nested, with two cells per number, as printed by od; the compatible list has a repeated row.
        @Test func nestedWithTwoCells() {
            let text = """
                == /soc/nand@0
                -- compatible
                000000 62 72 63 6d 2c 6e 61 6e 64 00
                00000a
                == /soc/nand@0/partitions
                -- compatible
                000000 66 69 78 65 64 2d 70 61 72 74 69 74 69 6f 6e 73
                000010 00
                000011
                -- #address-cells
                000000 00 00 00 02
                000004
                -- #size-cells
                000000 00 00 00 02
                000004
                == /soc/nand@0/partitions/partition@100000000
                -- reg
                000000 00 00 00 01 00 00 00 00 00 00 00 00 10 00 00 00
                000010
                -- compatible
                000000 66 69 78 65 64 2d 70 61 72 74 69 74 69 6f 6e 73
                000010 00
                000011
                -- #address-cells
                000000 00 00 00 01
                000004
                -- #size-cells
                000000 00 00 00 01
                000004
                == /soc/nand@0/partitions/partition@100000000/kernel@0
                -- reg
                000000 00 10 00 00 00 20 00 00
                000008
                """
            let tree = DeviceTree(LinuxProbeReply(text: text))
            #expect(tree.parts.map(\.name) == ["partition", "kernel"])
            #expect(tree.parts.map(\.offset) == [1 << 32, 0x10_0000])
            #expect(tree.parts.last?.parent == "/soc/nand@0/partitions/partition@100000000")
            #expect(tree.parts.map(\.flash) == ["/soc/nand@0", "/soc/nand@0"])
        }

        @Test func otherNodesWithLabelAndRegister() {
            let text = """
                == /spi@0/switch@1
                -- compatible
                00000000  71 63 61 00                                       |qca.|
                00000004
                == /spi@0/switch@1/port@0
                -- label
                00000000  6c 61 6e 00                                       |lan.|
                00000004
                -- reg
                00000000  00 00 00 00                                       |....|
                00000004
                """
            #expect(DeviceTree(LinuxProbeReply(text: text)).parts.isEmpty)
        }
    }

    @Suite struct Others {
        @Test(arguments: [
            ("busybox-1.18.5", LinuxTools.Nanddump.busyboxEndless), ("busybox-1.20.2", .busyboxEndless),
            ("busybox-1.21.1", .busyboxEndless), ("busybox-1.22.1", .busyboxEndless), ("busybox-1.23.2", .busybox),
            ("busybox-1.30.1", .busybox), ("busybox-1.36.1", .busybox), ("mtd-utils", .mtdUtils),
        ])
        func generationsOfNanddump(help: String, expected: LinuxTools.Nanddump) throws {
            let tools = LinuxTools([
                "tools.txt": LinuxProbeReply(text: "/usr/sbin/nanddump\n"),
                "nanddump-help.txt": try Fixture.reply("nanddump-help-\(help).txt"),
            ])
            #expect(tools.nanddump == expected)
            // Builds without the banner are recognized by the rest of the text.
            let lines = String(decoding: try Fixture.bytes("nanddump-help-\(help).txt"), as: UTF8.self)
                .split(separator: "\n").filter { !$0.contains("BusyBox") }.joined(separator: "\n")
            let bare = LinuxTools([
                "tools.txt": LinuxProbeReply(text: "/usr/sbin/nanddump\n"),
                "nanddump-help.txt": LinuxProbeReply(text: lines),
            ])
            #expect(bare.nanddump == expected)
        }

        @Test func toolsOfABoard() throws {
            let tools = LinuxTools(try Fixture.board("board-nandsim"))
            #expect(tools.busyboxVersion == "1.35.0")
            #expect(tools.isBusybox("dd"))
            #expect(!tools.isBusybox("mtdinfo"))
            #expect(tools.mtdUtilsVersion == "2.1.5")
            #expect(tools.summary["nanddump"] == "mtd-utils 2.1.5")
            #expect(tools.summary["sha256sum"] == "busybox 1.35.0")
            #expect(!tools.has("fw_printenv"))
            #expect(tools.command("nosuch") == nil)
        }

        @Test func toolsThatAreLinksOrAliases() {
            let tools = LinuxTools([
                "tools.txt": LinuxProbeReply(
                    text:
                        "/bin/dd\nalias grep='grep --color=auto'\n/usr/bin/head\nprintf\n/opt/evil -> dd\n/bin/nosuch\n"
                        + "lrwxrwxrwx    1 root     root             7 Jan  1  1970 /bin/dd -> busybox\n"
                        + "-rwxr-xr-x    1 root     root         47480 Jan  1  1970 /usr/bin/head\n"),
                "busybox.txt": LinuxProbeReply(
                    text: "BusyBox v1.36.1 () multi-call binary.\nCurrently defined functions:\n\tdd, head\n"),
            ])
            #expect(tools.paths == ["dd": "/bin/dd", "grep": "grep", "head": "/usr/bin/head", "printf": "printf"])
            #expect(tools.isBusybox("dd"))
            #expect(!tools.isBusybox("head"))
        }

        @Test func anAppletWithoutALink() {
            let tools = LinuxTools([
                "tools.txt": LinuxProbeReply(text: "/bin/busybox\n"),
                "busybox.txt": LinuxProbeReply(
                    text:
                        "BusyBox v1.19.4 (2014) multi-call binary.\n\nCurrently defined functions:\n\tcat, dd,\n\thead\n"
                ),
            ])
            #expect(tools.command("dd") == "busybox dd")
            #expect(tools.summary["head"] == "busybox 1.19.4")
        }

        @Test func environmentPrintouts() throws {
            let good = UBootPrintout(output: try Fixture.reply("fw-printenv-good.txt"), errors: nil)
            #expect(good.problem == nil)
            #expect(good.boardsOwn["mtdparts"] == "mtdparts=spi0.0:256k(u-boot),64k(u-boot-env),-(firmware)")
            let bad = try Fixture.bytes("fw-printenv-bad-crc.txt")
            let lines = String(decoding: bad, as: UTF8.self).split(separator: "\n")
            let output = LinuxProbeReply(text: lines.dropFirst().joined(separator: "\n"))
            let errors = LinuxProbeReply(text: String(lines[0]) + "\n")
            #expect(
                UBootPrintout(output: output, errors: errors).problem == "Warning: Bad CRC, using default environment")
            #expect(UBootPrintout(output: output, errors: errors).boardsOwn.isEmpty)
            #expect(!UBootPrintout(output: output, errors: errors).variables.isEmpty)
            let other = UBootPrintout(output: nil, errors: try Fixture.reply("fw-printenv-libubootenv-bad.txt"))
            #expect(other.problem != nil)
        }

        @Test(arguments: [
            ("/dev/mtdblock4", Mounts.Base.mtd(4)), ("mtd4", .mtd(4)), ("/dev/mtdblock/4", .mtd(4)), ("31:04", .mtd(4)),
            ("mtd:rootfs data", .mtdName("rootfs data")), ("ubi0:rootfs", .ubi(device: 0, volume: nil, name: "rootfs")),
            ("/dev/ubi0_1", .ubi(device: 0, volume: 1, name: nil)), ("ubi0_1", .ubi(device: 0, volume: 1, name: nil)),
            ("/dev/ubiblock0_1", .ubi(device: 0, volume: 1, name: nil)), ("/dev/root", .root), ("/dev/sda1", .other),
            ("tmpfs", .other), ("mtdblock", .other), ("overlayfs:/overlay", .other),
        ])
        func mountSources(source: String, base: Mounts.Base) {
            #expect(Mounts.base(source) == base)
        }

        @Test func mountsWithEscapes() {
            let mounts = Mounts(LinuxProbeReply(text: "/dev/mtdblock5 /mnt/a\\040b\\134 jffs2 rw,relatime 0 0\n"))
            #expect(mounts.entries.first?.target == "/mnt/a b\\")
            #expect(mounts.entries.first?.isWritable == true)
        }

        @Test func volumesOfUBI() throws {
            let devices = SysfsUBI.devices(try #require(try Fixture.board("board-nandsim")["sysfs-ubi.txt"]))
            #expect(devices.map(\.mtd) == [3])
            #expect(devices.first?.volumes.map(\.name) == ["kernel", "rootfs_data"])
            #expect(devices.first?.volumes.map(\.dataBytes) == [1_572_864, 4_257_792])
        }

        @Test func blockMaps() throws {
            let text = "== mtd2\n" + String(decoding: try Fixture.bytes("mtdinfo-nand-map.txt"), as: UTF8.self)
            let map = try #require(MTDInfoMap.maps(LinuxProbeReply(text: text))[2])
            #expect(map.count == 64)
            #expect(map.isComplete)
            #expect(map.bad == [6])
            // Truncated in the middle: the rest is not taken to be complete.
            let torn = MTDInfoMap.maps(LinuxProbeReply(text: String(text.prefix(1500))))
            #expect(torn[2]?.isComplete == false)
        }

        @Test func macAddresses() throws {
            func addresses(_ text: String) throws -> [String] {
                try LinuxSurvey.assemble(replies: [
                    "proc-mtd.txt": LinuxProbeReply(text: "mtd0: 1000 1000 \"x\"\n"),
                    "mac-addresses.txt": LinuxProbeReply(text: text),
                ]).board.macAddresses
            }
            let sysfs =
                "eth1 C4:6E:1F:00:00:02\nlo 00:00:00:00:00:00\neth0 c4:6e:1f:00:00:01\nbr-lan c4:6e:1f:00:00:01\n"
            #expect(try addresses(sysfs) == ["c4:6e:1f:00:00:01", "c4:6e:1f:00:00:02"])
            let ifconfig = "eth0      Link encap:Ethernet  HWaddr 00:11:22:AA:BB:CC\n"
            #expect(try addresses(ifconfig) == ["00:11:22:aa:bb:cc"])
        }
    }
}
