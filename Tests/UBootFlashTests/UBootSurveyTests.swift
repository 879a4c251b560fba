import FlashAccess
import FlashModel
import Testing
import UBootFlash

/// Complete surveys from U-Boots' output.
@Suite struct UBootSurveyTests {
    static func replies(_ pairs: [(String, String)]) throws -> [String: UBootReply] {
        var result: [String: UBootReply] = [:]
        for (name, command) in pairs { result[command] = try UBootTranscript(name).reply(command) }
        return result
    }

    @Test func malta() throws {
        let survey = try UBootSurvey.assemble(
            replies: Self.replies([
                ("malta-version-help", "version"), ("malta-version-help", "help"), ("malta-bdinfo", "bdinfo"),
                ("malta-printenv", "printenv"), ("malta-flinfo", "flinfo"), ("malta-errors", "sf probe"),
                ("malta-errors", "nand info"), ("malta-errors", "mtd list"),
            ]))
        #expect(survey.chips.map(\.id) == ["nor0"])
        let chip = try #require(survey.chip("nor0"))
        #expect(chip.kind == .nor)
        #expect(chip.exactSize == 4 << 20)
        #expect(chip.eraseBlockSize == 0x1_0000)
        #expect(chip.identification["address"] == "0xbe000000")
        #expect(survey.partitions.map(\.name) == ["nor0"])
        #expect(survey.partitions.first?.offsetSource == .wholeChip)
        #expect(survey.partitions.first?.size == 4 << 20)
        #expect(survey.board.bootloader == "U-Boot 2023.01+dfsg-2+deb12u3")
        #expect(survey.board.macAddresses == ["52:54:00:12:34:56"])
        #expect(survey.tools["md"] == "memory display")
        #expect(survey.warnings == [])
        let cover = ReadCoverage.plan(survey)
        #expect(cover.images.map(\.size) == [4 << 20])
        #expect(cover.gaps.isEmpty)
    }

    /// `mtd list` and `flinfo` report the same two chips.
    @Test func armOnce() throws {
        let survey = try UBootSurvey.assemble(
            replies: Self.replies([("arm-mtd", "mtd list"), ("arm-flinfo", "flinfo"), ("arm-mtd", "mtdparts")]))
        #expect(survey.chips.map(\.id) == ["nor0", "nor1"])
        #expect(survey.chips.map { $0.identification["address"] } == ["0x0", "0x4000000"])
        #expect(survey.partitions.count == 2)
        #expect(survey.warnings == [])
    }

    @Test func sandboxNAND() throws {
        let survey = try UBootSurvey.assemble(
            replies: Self.replies([
                ("sandbox-2026.07-nand-info", "nand info"), ("sandbox-2026.07-nand-badblock", "nand bad"),
                ("sandbox-2026.07-nand-info", "mtd list"), ("sandbox-2026.07-sf", "sf probe"),
            ]))
        #expect(survey.chips.map(\.id) == ["nand0", "nand1", "spi0"])
        #expect(survey.chips.map(\.exactSize) == [4 << 20, 4 << 30, 2 << 20])
        #expect(survey.chips.first?.ecc == Chip.ECC(strength: 1, stepSize: 256))
        #expect(survey.partitions.first?.badBlocks?.bad == [2])
        #expect(survey.partitions.first?.badBlocks?.isComplete == true)
        // The other device's bad blocks were not requested.
        #expect(survey.partitions[1].badBlocks?.isComplete == false)
    }

    @Test func partitionsAndGaps() throws {
        var replies = try Self.replies([("sabrelite-sf", "sf probe")])
        replies["printenv"] = UBootReply(
            text: "mtdids=nor0=spi0.0\nmtdparts=mtdparts=spi0.0:256k(u-boot)ro,64k(u-boot-env),1m(firmware)\n")
        let survey = try UBootSurvey.assemble(replies: replies)
        #expect(survey.partitions.map(\.name) == ["spi0", "u-boot", "u-boot-env", "firmware"])
        #expect(survey.partitions.map(\.parent) == [nil, 0, 0, 0])
        #expect(survey.partitions.map(\.role) == [.unknown, .bootloader, .environment, .firmware])
        #expect(survey.partition(1)?.isWritable == false)
        #expect(ReadCoverage.plan(survey).gaps.isEmpty)
        replies["printenv"] = UBootReply(
            text: "mtdparts=mtdparts=x:256k(u-boot),-(firmware)\n")
        #expect(try UBootSurvey.assemble(replies: replies).partitions.map(\.name) == ["u-boot", "firmware"])
    }

    @Test func beyond16MiB() throws {
        let probe = "SF: Detected W25Q256 with page size 256 Bytes, erase size 64 KiB, total 32 MiB\n"
        let survey = try UBootSurvey.assemble(replies: [
            "sf probe": UBootReply(text: probe + "SF: Warning - Only lower 16MiB accessible, Full access …\n")
        ])
        #expect(survey.chips.map(\.exactSize) == [32 << 20])
        #expect(survey.partitions.map(\.size) == [16 << 20])
        #expect(survey.warnings.contains { $0.contains("only its lower 16 MiB") })
        #expect(ReadCoverage.plan(survey).gaps.map(\.size) == [16 << 20])
        let unknown = try UBootSurvey.assemble(replies: ["sf probe": UBootReply(text: probe)])
        #expect(unknown.partitions.map(\.size) == [32 << 20])
        #expect(unknown.table.doubts.count == 1 && unknown.table.doubts[0].contains("larger than 16 MiB"))
        let new = try UBootSurvey.assemble(replies: [
            "sf probe": UBootReply(text: probe), "version": UBootReply(text: "U-Boot 2023.01 (Jan 01 2023)\n"),
        ])
        #expect(new.warnings == [] && new.table == .complete)
    }

    @Test func noFlash() {
        #expect(throws: FlashkeepError(.noPartitions, what: "", why: "", next: "")) {
            try UBootSurvey.assemble(replies: ["flinfo": UBootReply(text: "Unknown command 'flinfo' - try 'help'\n")])
        }
    }

    /// Consoles of boards whose `nand info` prints no size, with and without a default table: the contents of their
    /// NAND are unknown, and nothing is invented.
    @Test func nandWithoutSize() throws {
        let console = try UBootTranscript(console: "board-nand-size-unknown", prompt: "zlg@imx280a# ")
        #expect(console.exchanges.count > 6)
        let survey = try UBootSurvey.assemble(replies: console.byCommand)
        #expect(survey.chips.map(\.id) == ["nand0"] && survey.chips.map(\.size) == [.atLeast(0)])
        #expect(survey.partitions.isEmpty && survey.table == .complete)
        #expect(survey.unknowns.map(\.subject) == [.chipSize])
        #expect(survey.unknowns.map(\.text) == ["the size of chip nand0 is unknown"])
        let cover = ReadCoverage.plan(survey)
        #expect(cover.images.isEmpty && cover.gaps.map(\.size) == [nil] && cover.gaps.map(\.offset) == [0])
    }

    @Test func answersThatAreNotUnderstood() throws {
        let nand = "Device 0: NAND 1MiB 3,3V 8-bit, sector size 128 KiB\n"
        let known = ["nand info": UBootReply(text: nand), "nand bad": UBootReply(text: "Device 0 bad blocks:\n")]
        func doubts(_ question: String, _ answer: String) throws -> [String] {
            try UBootSurvey.assemble(replies: known.merging([question: UBootReply(text: answer)]) { $1 }).table.doubts
        }
        // There may be a chip behind output that is not understood.
        #expect(try doubts("sf probe", "GD25Q64 found, 8 MByte of it\n").count == 1)
        #expect(try doubts("flinfo", "\nBank # 1: AM29LV160 (16 Mbit)\n  Size: 2.2 MB in 35 Sectors\n").count == 1)
        #expect(try doubts("flinfo", "\nBank # 1: missing or unknown FLASH type\n").count == 1)
        #expect(try doubts("nand info", nand + "Device 1: something, sector size ?\n").count == 1)
        // There is no chip, or no output.
        for answer in ["", "\n", "Failed to initialize SPI flash at 0:0 (error -2)\n", "Unknown command 'sf'\n"] {
            #expect(try doubts("sf probe", answer).isEmpty, "\(answer)")
        }
        #expect(try doubts("mtd list", "* nand0\n  - type: NAND flash\n").count == 1)
        // A table for flash that is not listed, or that does not fit.
        #expect(try doubts("printenv", "mtdparts=mtdparts=nand0:512k(boot);spi0.0:64k(u)\n").count == 1)
        #expect(try doubts("printenv", "mtdparts=mtdparts=nand0:512k(boot),2m(big)\n").count == 1)
        #expect(try doubts("printenv", "mtdids=nand0=x\nmtdparts=mtdparts=x:512k(boot)\n").isEmpty)
    }

    @Test func sizeNotKnown() throws {
        let survey = try UBootSurvey.assemble(replies: [
            "nand info": UBootReply(text: "Device 0: nand0, sector size 128 KiB\n"),
            "nand bad": UBootReply(text: "Device 0 bad blocks:\n  00040000\n"),
        ])
        #expect(survey.chips.first?.sizeKnowledge == .atLeast)
        #expect(survey.chips.first?.leastSize == 0x6_0000)
        #expect(survey.unknowns.map(\.subject) == [.chipSize])
    }
}
