import FlashAccess
import FlashModel
import Testing
import UBootFlash

/// Consoles of boards as their owners posted them. Each stands for a kind of U-Boot that reports its flash in words of
/// its own.
@Suite("Consoles of boards as they are out there")
struct UBootConsoleCaseTests {
    private static func survey(
        _ name: String, prompt: String, given: GivenMemory = GivenMemory()
    ) throws -> Survey {
        let console = try UBootTranscript(console: name, prompt: prompt)
        #expect(console.exchanges.count > 2, "the prompt of \(name) is not found")
        return try UBootSurvey.assemble(facts: UBootFacts(console.byCommand, given: given))
    }

    private static func parts(_ survey: Survey) -> [String] {
        survey.partitions.map { "\($0.name) \($0.offset ?? -1)+\($0.size)" }
    }

    private static let atherosTable = [
        "u-boot 0+131072", "kernel 131072+1048576", "rootfs 1179648+2883584", "config 4063232+65536",
        "ART 4128768+65536",
    ]

    @Test("flinfo is no help; bdinfo has the flash, and bootargs its partitions")
    func atheros() throws {
        let survey = try Self.survey("board-ath79-flinfo-joke", prompt: "ar7240> ")
        #expect(survey.chips.map(\.size) == [.exact(4 << 20)] && survey.chips.map(\.kind) == [.nor])
        #expect(survey.chips.map(\.eraseBlockSize) == [0])
        #expect(Self.parts(survey) == Self.atherosTable)
        #expect(survey.table == .complete && survey.unknowns.isEmpty)
    }

    @Test("The user knows the erase block")
    func atherosGiven() throws {
        let given = GivenFlash(kind: .nor, start: 0x9F00_0000, size: 4 << 20, eraseBlockSize: 64 << 10)
        let survey = try Self.survey(
            "board-ath79-flinfo-joke", prompt: "ar7240> ", given: GivenMemory(flash: [given]))
        #expect(survey.chips.map(\.eraseBlockSize) == [64 << 10] && survey.chips.map(\.size) == [.exact(4 << 20)])
    }

    @Test("Neither flinfo nor bdinfo: the error names the option, and with it the flash is there")
    func hornet() throws {
        let error = #expect(throws: FlashkeepError.self) {
            try Self.survey("board-hornet-no-flinfo", prompt: "hornet> ")
        }
        #expect(error?.code == .noPartitions && error?.next.contains("--flash TYPE:START+SIZE") == true)
        let given = GivenFlash(kind: .nor, start: 0x9F00_0000, size: 4 << 20, eraseBlockSize: 64 << 10)
        let survey = try Self.survey(
            "board-hornet-no-flinfo", prompt: "hornet> ", given: GivenMemory(flash: [given]))
        #expect(Self.parts(survey) == Self.atherosTable)
    }

    @Test(
        "Vendors' forms of sf probe",
        arguments: [
            ("board-sigmastar-sf-probe", "SigmaStar # ", 0), ("board-goke-sf-probe", "GOKE # ", 64 << 10),
            ("board-prompt-without-blank", "anyka$", 64 << 10),
        ])
    func serialFlash(_ name: String, _ prompt: String, _ eraseBlock: Int) throws {
        let survey = try Self.survey(name, prompt: prompt)
        #expect(survey.chips.map(\.kind) == [.spiNOR] && survey.chips.map(\.size) == [.exact(8 << 20)])
        #expect(survey.chips.map(\.eraseBlockSize) == [eraseBlock])
        #expect(survey.table == .complete && survey.unknowns.isEmpty)
    }

    @Test("sf probe says nothing; the start log has the chip and its size")
    func silentProbe() throws {
        let log = try UBootTranscript.console("board-uboot-password-hashes")
        var replies = [
            "help": UBootReply(text: "sf      - SPI flash sub-system\r\nmd      - memory display\r\n"),
            "sf probe": UBootReply(text: "\r\n"), UBootFacts.startLogName: UBootReply(output: log),
        ]
        let survey = try UBootSurvey.assemble(replies: replies)
        #expect(survey.chips.map(\.kind) == [.spiNOR] && survey.chips.map(\.size) == [.exact(16 << 20)])
        #expect(survey.chips.first?.eraseBlockSize == 64 << 10)
        #expect(survey.chips.first?.identification["name"] == "GD25Q128")
        // A probe that fails is believed.
        replies["sf probe"] = UBootReply(text: "\r\nFailed to initialize SPI flash at 0:0\r\n")
        #expect(throws: FlashkeepError.self) { try UBootSurvey.assemble(replies: replies) }
    }

    @Test("The start log has the size of NAND lines after its label")
    func sizeInTheStartLog() throws {
        let log = UBootReply(output: try UBootTranscript.console("board-enter-key-countdown"))
        let known = try #require(UBootStartLog(log))
        #expect(known.memory == 128 << 20 && known.nand == 128 << 20)
        #expect(known.chips.map(\.size) == [128 << 20])
        let survey = try UBootSurvey.assemble(replies: [
            "nand info": UBootReply(text: "\r\nDevice 0: nand0, sector size 128 KiB\r\n"),
            "nand bad": UBootReply(text: "\r\nDevice 0 bad blocks:\r\n  06000000\r\n"),
            UBootFacts.startLogName: log,
        ])
        #expect(survey.chips.map(\.size) == [.exact(128 << 20)] && survey.unknowns.isEmpty)
    }

    /// HiSilicon's and Goke's start logs as their owners posted them: with the names of the driver's functions, with other
    /// lines in between, and Huawei's and an ATO chip's NAND.
    @Test(
        "Chips in the words of HiSilicon's drivers",
        arguments: [
            (
                "hifmc_spi_nor_probe(1689): SPI Nor(cs 0) ID: 0xc2 0x20 0x18\r\nhifmc_spi_nor_probe(1754): Block:64KB "
                    + "hifmc_spi_nor_probe(1755): Chip:16MB hifmc_spi_nor_probe(1756): Name:\"MX25L128XX\"\r\n"
                    + "hifmc100_spi_nor_probe(147): SPI Nor total size: 16MB\r\nNAND:  0 MiB\r\n",
                UBootStartLog.ChipLine.Kind.spiNOR, 16, "MX25L128XX"
            ),
            (
                "SPI Nor(cs 0) ID: 0xef 0x40 0x17\r\nspi_general_qe_enable(291): Error: Disable Quad failed! reg: 0x2\r\n"
                    + "Block:64KB Chip:8MB Name:\"W25Q64FV\"\r\nlk[6 => 0x400000]\r\nSPI Nor total size: 8MB\r\n",
                .spiNOR, 8, "W25Q64FV"
            ),
            (
                "SPI Nand(cs 0) ID: 0x9b 0x12\r\nNand: ATO ATO25D1GA\r\nNand(Auto): Block:128KB Page:2KB OOB:64B "
                    + "ECC:4bit/512 Chip:128MB*1\r\n", .spiNAND, 128, ""
            ),
            (
                "NAND:  Special Nand id table Version 1.23\r\nNand ID: 0x01 0xF1 0x00 0x1D 0x01 0xF1 0x00 0x1D\r\n"
                    + "ECC Match pagesize:2K, oobzie:64, ecctype:4bit\r\n\r\nNand(Hardware): Block:128KB Page:2KB "
                    + "Chip:128MB*1 OOB:64B ECC:4bit \r\n128 MiB\r\n", .nand, 128, ""
            ),
        ])
    func hisilicon(_ text: String, _ kind: UBootStartLog.ChipLine.Kind, _ mebibytes: Int, _ name: String) throws {
        let log = try #require(UBootStartLog(UBootReply(text: text)))
        let chip = try #require(log.chips.first)
        #expect(log.chips.count == 1 && chip.kind == kind && chip.size == mebibytes << 20 && chip.name == name)
        #expect(chip.eraseSize == (kind == .spiNOR ? 64 : 128) << 10)
        if kind != .spiNOR { #expect(chip.pageSize == 2_048 && chip.oobSize == 64) }
    }

    @Test("The first stage's words for NAND are a size, too")
    func firstStage() {
        let log = UBootStartLog(UBootReply(text: "NAND:  Nand(Hardware): 128 MiB\r\n"))
        #expect(log?.nand == 128 << 20)
    }

    @Test(
        "The driver's words as the reply to sf probe; they add the erase block, and an id that contradicts is a doubt")
    func probeInTheDriversWords() throws {
        let words = "SPI Nor(cs 0) ID: 0xc2 0x20 0x18\r\nBlock:64KB Chip:16MB Name:\"MX25L128XX\"\r\n"
        let current = "16384 KiB hi_fmc at 0:0 is now current device\r\n"
        for text in [words, words + current, current] {
            let survey = try UBootSurvey.assemble(replies: ["sf probe": UBootReply(text: "\r\n" + text)])
            #expect(survey.chips.map(\.size) == [.exact(16 << 20)] && survey.table == .complete, "\(text)")
            #expect(survey.chips.map(\.eraseBlockSize) == [text.hasPrefix("SPI") ? 64 << 10 : 0])
        }
        // XM's table takes the bits of this chip for bytes (an XM25QH128A in a camera's log).
        let wrong = "SPI Nor(cs 0) ID: 0x20 0x70 0x18\r\nBlock:64KB Chip:128MB Name:\"xm25qh128a\"\r\n"
        let probe = "131072 KiB hi_fmc at 0:0 is now current device\r\n"
        for replies in [
            ["sf probe": UBootReply(text: wrong + probe)],
            ["sf probe": UBootReply(text: probe), UBootFacts.startLogName: UBootReply(text: wrong)],
        ] {
            let survey = try UBootSurvey.assemble(replies: replies)
            #expect(survey.chips.map(\.size) == [.atLeast(16 << 20)])
            #expect(survey.table.doubts.contains { $0.contains("16 MiB") && $0.contains("128 MiB") })
        }
    }

    @Test("Two sources that differ: neither is believed")
    func disagreement() throws {
        let survey = try UBootSurvey.assemble(replies: [
            "nand info": UBootReply(text: "\r\nDevice 0: NAND 64MiB 3,3V 8-bit, sector size 16 KiB\r\n"),
            "nand bad": UBootReply(text: "\r\nDevice 0 bad blocks:\r\n"),
            UBootFacts.startLogName: UBootReply(text: "DRAM:  32 MiB\r\nNAND:  128 MiB\r\n"),
        ])
        #expect(survey.chips.map(\.size) == [.atLeast(64 << 20)])
        #expect(survey.table.doubts.contains { $0.contains("128 MiB") && $0.contains("64 MiB") })
    }

    @Test("mtdparts prints the partitions that are built in")
    func defaults() throws {
        let survey = try Self.survey("board-mtdparts-defaults", prompt: "OMAP3 beagleboard.org # ")
        #expect(survey.chips.map(\.size) == [.atLeast(0x68_0000)])
        #expect(
            Self.parts(survey) == [
                "x-loader 0+524288", "u-boot 524288+1966080", "u-boot-env 2490368+131072", "kernel 2621440+4194304",
            ])
        #expect(survey.unknowns.map(\.subject) == [.chipSize])
    }

    @Test("A chip behind a remapping layer is read once, through the layer")
    func remapped() throws {
        let survey = try Self.survey("board-nmbm", prompt: "MT7981> ")
        #expect(survey.chips.map(\.id) == ["nmbm0"] && survey.chips.map(\.size) == [.exact(0x780_0000)])
        #expect(survey.chips.map(\.kind) == [.spiNAND])
        #expect(survey.chips.first?.identification["below"] == "spi-nand0")
        #expect(survey.warnings.contains { $0.contains("NMBM") && $0.contains("128 MiB") })
        #expect(survey.partitions.allSatisfy { $0.badBlocks?.isComplete == true && $0.badBlocks?.bad == [] })
        #expect(survey.partitions.map(\.name).contains("ubi") && survey.unknowns.isEmpty)
    }

    @Test("Serial NOR that nand info lists too is one chip; the start log's sum gives the size of the NAND")
    func listedTwice() throws {
        let survey = try Self.survey("board-ipq-nand-and-nor", prompt: "(IPQ40xx) # ")
        #expect(survey.chips.map(\.kind).sorted { $0.rawValue < $1.rawValue } == [.nand, .spiNOR])
        #expect(survey.chips.first { $0.kind == .spiNOR }?.size == .exact(32 << 20))
        #expect(survey.chips.first { $0.kind == .nand }?.size == .atLeast(0))
        var replies = try UBootTranscript(console: "board-ipq-nand-and-nor", prompt: "(IPQ40xx) # ").byCommand
        for (text, size) in [("NAND:  128 MiB\r\n", 128), ("NAND:  160 MiB\r\n", 128)] {
            replies[UBootFacts.startLogName] = UBootReply(text: text)
            let survey = try UBootSurvey.assemble(replies: replies)
            #expect(survey.chips.first { $0.kind == .nand }?.size == .exact(size << 20), "\(text)")
        }
    }

    @Test("Without bdinfo, RAM is where the board's own commands load to")
    func memory() throws {
        let console = try UBootTranscript(console: "board-no-bdinfo-no-free-ram", prompt: "U-Boot> ")
        let facts = UBootFacts(console.byCommand)
        #expect(try facts.freeMemory(1 << 20) == 0xA000_0000..<0xA010_0000)
        #expect(try facts.freeMemory(1 << 20, outside: 0xA000_0000..<0xA010_0000).lowerBound == 0xA010_0000)
        let error = #expect(throws: FlashkeepError.self) { try facts.freeMemory(64 << 20) }
        #expect(error?.next.contains("--ram START+SIZE") == true)
        let survey = try UBootSurvey.assemble(facts: facts)
        #expect(survey.chips.map(\.size) == [.exact(128 << 20)])
        #expect(survey.partitions.map(\.name) == ["boot", "env", "rootfs"])
        let given = GivenMemory(freeRAM: 0x8000_0000..<0x8800_0000)
        #expect(try UBootFacts(console.byCommand, given: given).freeMemory(64 << 20).lowerBound == 0x8000_0000)
    }

    @Test("A U-Boot without any command for flash: the error says what is missing")
    func noCommand() throws {
        let error = #expect(throws: FlashkeepError.self) {
            try Self.survey("board-mt7628-spi", prompt: "MT7628 # ")
        }
        #expect(error?.what == "U-Boot reports no flash.")
        #expect(error?.next.contains("--flash") == true)
    }

    @Test("Sizes in bits, the words of a probe that failed, and a table that is none")
    func odds() throws {
        let bits = try UBootSurvey.assemble(replies: [
            "sf probe": UBootReply(
                text: "\r\nSF: Detected mx25 with page size 256 Bytes, erase size 64 KiB, total 128 Mbit\r\n"),
            "printenv": UBootReply(
                text: "mtdparts=mtdparts=spi0.0:xyz(bad)\r\n\r\nEnvironment size: 36/4092 bytes\r\n"),
        ])
        #expect(bits.chips.map(\.size) == [.exact(16 << 20)])
        #expect(bits.warnings.contains { $0.contains("mtdparts") && $0.contains("xyz(bad)") }, "\(bits.warnings)")
        let error = #expect(throws: FlashkeepError.self) {
            try UBootSurvey.assemble(replies: [
                "sf probe": UBootReply(text: "\r\nFailed to initialize SPI flash at 0:0 (error -2)\r\n")
            ])
        }
        #expect(error?.why.contains("sf probe says: Failed to initialize SPI flash at 0:0 (error -2)") == true)
    }

    @Test(
        "Sizes and numbers of no chip are survived",
        arguments: [
            "DRAM:  9223372036854775807 MiB\r\nNAND:  18446744073709551616 MiB\r\n",
            "SPI Nor(cs 0) ID: 0xc8 0x40 0xff\r\nBlock:0KB Chip:99999999999MB*99 Name:\"\r\n",
            "SPI Nor(cs 0) ID:\r\nBlock: Chip:MB*0 Name:\r\nf(9223372036854775808): Block:64KB\r\nNand(: Block:\r\n",
            "NAND: \r\nmaf_id : 0xzz, dev_id : 0x1\r\n-5 MiB\r\n", "SF: Detected \r\nFlash is detected (0x1)\r\n",
        ])
    func hostileLogs(_ text: String) throws {
        let survey = try UBootSurvey.assemble(replies: [
            "nand info": UBootReply(text: "\r\nDevice 0: nand0, sector size 128 KiB\r\n"),
            UBootFacts.startLogName: UBootReply(text: text),
        ])
        #expect(survey.chips.allSatisfy { $0.exactSize == nil })
    }

    @Test("Flash and memory as a user may give them, whatever the numbers", arguments: [0, 1 << 20, Int.max])
    func hostileGifts(_ size: Int) throws {
        for kind in GivenFlash.Kind.allCases {
            for start in [0, 0xBF00_0000, UInt64.max] {
                let given = GivenFlash(kind: kind, start: start, size: size, eraseBlockSize: size)
                _ = try? UBootSurvey.assemble(facts: UBootFacts([:], given: GivenMemory(flash: [given])))
            }
        }
        let facts = UBootFacts([:], given: GivenMemory(freeRAM: UInt64.max - 100..<UInt64.max))
        #expect(throws: FlashkeepError.self) { try facts.freeMemory(101) }
        #expect(try facts.freeMemory(50).count == 50)
    }
}
