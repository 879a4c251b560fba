import FlashModel
import Testing

@Suite struct PartitionWordsTests {
    @Test(arguments: [
        ("u-boot", Partition.Role.bootloader), ("U-Boot", .bootloader), ("uboot2", .bootloader),
        ("RedBoot", .bootloader),
        ("CFE", .bootloader), ("boot", .bootloader), ("Bootloader", .bootloader), ("SPL", .bootloader),
        ("preloader", .bootloader), ("BL2", .bootloader), ("FIP", .bootloader), ("0:SBL1", .bootloader),
        ("0:APPSBL", .bootloader), ("0:APPSBL_1", .bootloader), ("0:MIBIB", .bootloader), ("YAMON", .bootloader),
        ("FIS directory", .bootloader), ("u-boot-env", .environment), ("env", .environment), ("nvram", .environment),
        ("0:APPSBLENV", .environment), ("u-boot-env2", .environment), ("art", .calibration), ("ART", .calibration),
        ("0:ART", .calibration), ("factory", .calibration), ("Factory", .calibration), ("caldata", .calibration),
        ("radio", .calibration), ("board-data", .calibration), ("devinfo", .calibration), ("RI", .calibration),
        ("EEPROM", .calibration), ("firmware", .firmware), ("kernel", .firmware), ("rootfs", .firmware),
        ("ubi", .firmware), ("linux", .firmware), ("linux_2", .firmware), ("rootfs_2", .firmware),
        ("vmlinux", .firmware), ("rootfs_a", .firmware), ("kernel1", .firmware), ("config", .config),
        ("rootfs_data", .config), ("jffs2", .config), ("nvram config", .config), ("RedBoot config", .config),
        ("POT", .unknown), ("ML", .unknown), ("", .unknown), ("0:", .unknown), ("123", .unknown),
        ("NAND simulator partition 0", .unknown),
    ])
    func roleByName(name: String, role: Partition.Role) {
        #expect(Partition.Role.ofName(name) == role)
    }

    @Test(arguments: [
        ("nor", Chip.Kind.nor, true), ("nand", .nand, true), ("mlc-nand", .mlcNAND, true), ("spi-nand", .spiNAND, true),
        ("dataflash", .dataflash, true), ("ram", .ram, false), ("rom", .rom, false), ("absent", .unknown, false),
        ("ubi", .unknown, true), ("", .unknown, true), ("nandsim", .unknown, true),
    ])
    func kindByType(type: String, kind: Chip.Kind, mayBeFlash: Bool) {
        let partition = Partition(
            index: 0, name: "", chip: "", offset: nil, offsetSource: .none, size: 0, eraseBlockSize: 0, pageSize: 1,
            oobSize: 0, type: type)
        #expect(partition.kind == kind && partition.mayBeFlash == mayBeFlash)
    }

    @Test(arguments: [
        ("RedBoot", "RedBoot"), ("FIS directory", "FIS_directory"), ("../../etc/passwd", "_._.._etc_passwd"),
        (".hidden", "_hidden"), ("", "unnamed"), ("a\u{0}b\nc\u{1B}[2J", "a_b_c__2J"), ("naïve", "na_ve"),
        ("\"; rm -rf /", "___rm_-rf__"),
    ])
    func fileNames(name: String, expected: String) {
        #expect(ImageName.sanitized(name) == expected)
        #expect(ImageName.file("mtd3", name: name) == "mtd3-\(expected).bin")
    }

    @Test("Without MTD, no label says mtd") func labels() {
        func partition(_ numbering: Partition.Numbering?) -> Partition {
            Partition(
                index: 3, numbering: numbering, name: "RedBoot config", chip: "flash0", offset: 0, offsetSource: .none,
                size: 0x1000, eraseBlockSize: 0x1000, pageSize: 1, oobSize: 0, type: "nor")
        }
        #expect([nil, .mtd, .ordinal].map { partition($0).label } == ["mtd3", "mtd3", "part3"])
        let label = partition(.ordinal).label
        #expect(ImageName.file(label, name: "RedBoot config") == "part3-RedBoot_config.bin")
        #expect(PlainText.partition(label, "RedBoot config") == "part3 \"RedBoot config\"")
    }

    @Test func fileNamesAreBounded() {
        #expect(ImageName.sanitized(String(repeating: "x", count: 10_000)).count == 64)
        let pieces = (0..<50).map { ("mtd\($0)", String(repeating: "y", count: 60)) }
        #expect(ImageName.file(pieces: pieces).count <= 64 + "mtd0-.bin".count)
    }

    @Test(arguments: [
        ("plain name", "plain name"), ("a\u{1B}[31mb", "a\\x1b[31mb"), ("a\\b", "a\\\\b"),
        ("x\ny\r\t", "x\\x0ay\\x0d\\x09"),
        ("\u{202E}evil", "\\u{202e}evil"), ("ü日", "ü日"), ("\u{85}\u{7F}", "\\x85\\x7f"), ("\u{FEFF}", "\\u{feff}"),
    ])
    func controlCharactersAreWrittenOut(text: String, expected: String) {
        #expect(PrintableText.escaped(text) == expected)
    }

    @Test func escapedTextIsBounded() {
        #expect(PrintableText.escaped(String(repeating: "\u{1B}", count: 1000), limit: 30).count <= 30)
        #expect(PrintableText.escaped("ü", asciiOnly: true) == "\\xfc")
        #expect(PrintableText.escaped("日", asciiOnly: true) == "\\u{65e5}")
        #expect(PrintableText.escaped("abcdef", limit: 5) == "ab...")
    }

    @Test func rangesAndGaps() {
        #expect(PartitionMap.relation(0..<10, 2..<5) == .contains)
        #expect(PartitionMap.relation(2..<5, 0..<10) == .inside)
        #expect(PartitionMap.relation(0..<10, 0..<10) == .same)
        #expect(PartitionMap.relation(0..<10, 5..<15) == .partial)
        #expect(PartitionMap.relation(0..<10, 10..<15) == nil)
        #expect(PartitionMap.merged([5..<7, 0..<5, 9..<9, 20..<30, 25..<40]) == [0..<7, 20..<40])
        #expect(PartitionMap.gaps(in: 0..<50, leaving: [5..<7, 20..<40]) == [0..<5, 7..<20, 40..<50])
        #expect(PartitionMap.gaps(in: 0..<10, leaving: [0..<10]) == [])
        #expect(PartitionMap.gaps(in: 0..<0, leaving: []) == [])
    }
}
