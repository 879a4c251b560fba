import FlashModel
import Foundation
import LinuxFlash
import Testing

/// The probe commands, run by real shells on simulated board folders.
@Suite struct LinuxProbesTests {
    @Test func commandsAreShortSingleLines() {
        let probes = LinuxProbes.all()
        #expect(Set(probes.map(\.name)).count == probes.count)
        for probe in probes {
            #expect(probe.command.utf8.count < 900, "\(probe.name)")
            #expect(!probe.command.contains("\n"))
            #expect(
                probe.name.utf8.allSatisfy {
                    ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D || $0 == 0x2E
                })
            #expect(probe.name.hasSuffix(".txt"))
        }
    }

    /// No command writes: the only redirections are to /dev/null or to another descriptor.
    @Test func commandsWriteNothing() {
        for probe in LinuxProbes.all() {
            var rest = Substring(probe.command)
            while let found = rest.firstIndex(of: ">") {
                let behind = rest[rest.index(after: found)...]
                let isArrow = rest[..<found].hasSuffix("-")
                #expect(
                    behind.hasPrefix("/dev/null") || behind.hasPrefix("&1") || isArrow,
                    "\(probe.name): >\(behind.prefix(20))")
                rest = behind
            }
        }
    }

    @Test(arguments: FakeBoard.shells)
    func everyProbeRunsInEveryShell(shell: [String]) throws {
        let board = try FakeBoard()
        defer { board.remove() }
        try board.add(Boards.spiNOR)
        for probe in LinuxProbes.all(root: board.root) where probe.name != "kernel-log.txt" {
            let reply = try FakeBoard.run(shell, probe.command)
            #expect(reply.exitStatus != 99, "\(probe.name) took standard input")
            #expect(reply.exitStatus != 2, "\(probe.name): a syntax error")
        }
    }

    @Test(arguments: FakeBoard.shells)
    func nestedPartitionsOfASPIChip(shell: [String]) throws {
        let board = try FakeBoard()
        defer { board.remove() }
        try board.add(Boards.spiNOR)
        try board.write("/sys/bus/spi/devices/spi0.0/spi-nor/jedec_id", "bf2541\n")
        try board.write("/sys/bus/spi/devices/spi0.0/spi-nor/manufacturer", "sst\n")
        try board.write("/sys/bus/spi/devices/spi0.0/spi-nor/partname", "sst25vf016b\n")
        try board.write(
            "/proc/mounts", "/dev/mtdblock4 / squashfs ro 0 0\n/dev/mtdblock2 /overlay jffs2 rw,noatime 0 0\n")
        var replies = try board.probe(shell: shell)
        replies["dmesg.txt"] = try Fixture.reply("dmesg-spi-nor-nested.txt")
        let survey = try LinuxSurvey.assemble(replies: replies)

        #expect(survey.warnings == [])
        #expect(survey.chips.map(\.id) == ["spi0.0"])
        let chip = try #require(survey.chips.first)
        #expect(chip.kind == .spiNOR)
        #expect(chip.exactSize == 2 << 20)
        #expect(chip.sizeKnowledge == .exact)
        #expect(chip.identification["jedec_id"] == "bf2541")
        #expect(survey.partitions.map(\.offset) == [0, 0x4_0000, 0x5_0000, 0x5_0000, 0xD_0000, 0x1F_0000, 0x1F_0800])
        #expect(survey.partitions.allSatisfy { $0.offsetSource == .sysfs })
        #expect(survey.partition(3)?.parent == 2)
        #expect(survey.partition(2)?.parent == nil)
        #expect(survey.partition(0)?.isWritable == false)
        #expect(survey.partition(1)?.isWritable == true)
        // The overlay is mounted on the container, so the partitions in it are in use too.
        #expect(survey.partition(2)?.uses == ["mounted rw on /overlay (jffs2)"])
        #expect(survey.partitions.filter(\.isLive).map(\.index) == [2, 3, 4])

        let cover = ReadCoverage.plan(survey)
        #expect(
            cover.images.map(\.fileName) == [
                "mtd0-u-boot.bin", "mtd1-u-boot-env.bin", "mtd2-firmware.bin", "mtd5-art.bin",
            ])
        #expect(cover.gaps.isEmpty)
        #expect(cover.view(of: 6) == CoverView(partition: 6, image: 3, offset: 0x800))
        let facts = LinuxFacts(replies)
        #expect(facts.sysfs.devices[3]?.deviceNumber == "90:6")
        #expect(facts.sysfs.devices[3]?.readOnlyDeviceNumber == "90:7")
        #expect(facts.sysfs.devices[3]?.blockDeviceNumber == "31:3")
    }

    @Test(arguments: FakeBoard.shells)
    func deviceTreeOfAParallelChip(shell: [String]) throws {
        let board = try FakeBoard()
        defer { board.remove() }
        try Boards.makeMaltaTree(board)
        let facts = LinuxFacts(try board.probe(shell: shell))
        #expect(facts.deviceTree.parts.map(\.name).sorted() == ["Board Config", "User FS", "YAMON"])
        let yamon = try #require(facts.deviceTree.parts.first { $0.name == "YAMON" })
        #expect(yamon.isReadOnly)
        #expect(yamon.flash == "/flash@1e000000")
        #expect(
            facts.deviceTree.parts.first { $0.name == "User FS" }.map { [$0.offset, $0.size] } == [
                0x10_0000, 0x2E_0000,
            ])
    }

    /// With only the shell, cat and od: no other dump program, no grep, readlink or ls.
    @Test func aPoorBoard() throws {
        let board = try FakeBoard()
        defer { board.remove() }
        try board.add(Boards.spiNOR)
        try Boards.makeMaltaTree(board)
        let tools = board.root + "/bin"
        try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
        for tool in ["cat", "od"] {
            let path = ["/usr/bin/\(tool)", "/bin/\(tool)"].first { FileManager.default.isExecutableFile(atPath: $0) }
            try FileManager.default.createSymbolicLink(atPath: "\(tools)/\(tool)", withDestinationPath: #require(path))
        }
        let quoted = "'" + tools.replacingOccurrences(of: "'", with: "'\\''") + "'"
        var replies: [String: LinuxProbeReply] = [:]
        for probe in LinuxProbes.all(root: board.root) where probe.name != "dmesg.txt" {
            replies[probe.name] = try FakeBoard.run(["sh"], "PATH=\(quoted); " + probe.command)
        }
        let survey = try LinuxSurvey.assemble(replies: replies)
        #expect(survey.partitions.map(\.offset) == [0, 0x4_0000, 0x5_0000, 0x5_0000, 0xD_0000, 0x1F_0000, 0x1F_0800])
        #expect(survey.partition(3)?.parent == 2)
        #expect(survey.tools.keys.sorted().contains("cat"))
        #expect(!survey.tools.keys.contains("hexdump"))
        #expect(LinuxFacts(replies).deviceTree.parts.count == 3)
    }

    /// A name that tries to escape from every context.
    @Test(arguments: FakeBoard.shells)
    func hostileNames(shell: [String]) throws {
        let board = try FakeBoard()
        defer { board.remove() }
        var devices = Boards.spiNOR
        let names = ["$(touch /tmp/x)", "a\"; echo b", "`id`", "../../x", "\\033[2J\\n", "'", "-n"]
        for (position, name) in names.enumerated() where position < devices.count { devices[position].name = name }
        try board.add(devices)
        let survey = try LinuxSurvey.assemble(replies: board.probe(shell: shell))
        #expect(survey.partitions.map(\.name) == Array(names.prefix(devices.count)))
        #expect(!survey.warnings.contains { $0.contains("sysfs calls it") })
    }
}

/// Real boards, as numbers.
enum Boards {
    /// An i.MX6 board with a 2 MiB SPI NOR: a nested table, a read-only partition, a partition of half an erase block.
    static let spiNOR: [FakeBoard.Device] = {
        let chip = "platform/soc/2000000.bus/2008000.spi/spi_master/spi0/spi0.0/mtd"
        func device(
            _ index: Int, _ name: String, _ offset: Int, _ size: Int, in folder: String, _ flags: String = "0xc00"
        )
            -> FakeBoard.Device
        {
            FakeBoard.Device(
                index: index, name: name, size: size, eraseSize: 4096, type: "nor", offset: offset, folder: folder,
                flags: flags)
        }
        return [
            device(0, "u-boot", 0, 262_144, in: chip, "0x800"), device(1, "u-boot-env", 262_144, 65536, in: chip),
            device(2, "firmware", 327_680, 1_703_936, in: chip), device(3, "kernel", 0, 524_288, in: chip + "/mtd2"),
            device(4, "rootfs", 524_288, 1_179_648, in: chip + "/mtd2"),
            device(5, "art", 2_031_616, 65536, in: chip, "0x800"),
            device(6, "half", 2_033_664, 2048, in: chip, "0x800"),
        ]
    }()

    /// The flash node of a MIPS Malta.
    static func makeMaltaTree(_ board: FakeBoard) throws {
        let flash = "/proc/device-tree/flash@1e000000"
        try board.write("\(flash)/#address-cells", [0, 0, 0, 1])
        try board.write("\(flash)/#size-cells", [0, 0, 0, 1])
        try board.write("\(flash)/compatible", "intel,dt28f160\0cfi-flash\0")
        try board.write("\(flash)/reg", [0x1E, 0, 0, 0, 0, 0x40, 0, 0])
        try board.write("\(flash)/partitions/compatible", "fixed-partitions\0")
        try board.write("\(flash)/partitions/#address-cells", [0, 0, 0, 1])
        try board.write("\(flash)/partitions/#size-cells", [0, 0, 0, 1])
        let parts: [(String, String, [UInt8], Bool)] = [
            ("yamon@0", "YAMON", [0, 0, 0, 0, 0, 0x10, 0, 0], true),
            ("user-fs@100000", "User FS", [0, 0x10, 0, 0, 0, 0x2E, 0, 0], false),
            ("board-config@3e0000", "Board Config", [0, 0x3E, 0, 0, 0, 2, 0, 0], true),
        ]
        for (node, label, reg, isReadOnly) in parts {
            try board.write("\(flash)/partitions/\(node)/label", label + "\0")
            try board.write("\(flash)/partitions/\(node)/reg", reg)
            if isReadOnly { try board.write("\(flash)/partitions/\(node)/read-only", "") }
        }
    }
}
