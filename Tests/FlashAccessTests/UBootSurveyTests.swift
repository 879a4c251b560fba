import FlashAccess
import FlashModel
import Testing

/// Whole surveys from what U-Boots printed.
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
        #expect(chip.size == 4 << 20)
        #expect(chip.eraseBlockSize == 0x1_0000)
        #expect(chip.identification["address"] == "0xbe000000")
        #expect(survey.partitions.map(\.name) == ["nor0"])
        #expect(survey.partitions.first?.offsetSource == .wholeChip)
        #expect(survey.partitions.first?.size == 4 << 20)
        #expect(survey.board.bootloader == "U-Boot 2023.01+dfsg-2+deb12u3")
        #expect(survey.board.macAddresses == ["52:54:00:12:34:56"])
        #expect(survey.tools["md"] == "memory display")
        #expect(survey.warnings == [])
        let cover = RegionCover.plan(survey)
        #expect(cover.images.map(\.size) == [4 << 20])
        #expect(cover.gaps.isEmpty)
    }

    /// `mtd list` and `flinfo` tell of the same two chips.
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
        #expect(survey.chips.map(\.size) == [4 << 20, 4 << 30, 2 << 20])
        #expect(survey.chips.first?.ecc == Chip.ECC(strength: 1, stepSize: 256))
        #expect(survey.partitions.first?.badBlocks?.bad == [2])
        #expect(survey.partitions.first?.badBlocks?.isComplete == true)
        // Of the other device nothing was asked.
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
        #expect(RegionCover.plan(survey).gaps.isEmpty)
        replies["printenv"] = UBootReply(
            text: "mtdparts=mtdparts=x:256k(u-boot),-(firmware)\n")
        #expect(try UBootSurvey.assemble(replies: replies).partitions.map(\.name) == ["u-boot", "firmware"])
    }

    @Test func beyond16MiB() throws {
        let probe = "SF: Detected W25Q256 with page size 256 Bytes, erase size 64 KiB, total 32 MiB\n"
        let survey = try UBootSurvey.assemble(replies: [
            "sf probe": UBootReply(text: probe + "SF: Warning - Only lower 16MiB accessible, Full access …\n")
        ])
        #expect(survey.chips.map(\.size) == [32 << 20])
        #expect(survey.partitions.map(\.size) == [16 << 20])
        #expect(survey.warnings.contains { $0.contains("only the lower 16 MiB") })
        #expect(RegionCover.plan(survey).gaps.map(\.size) == [16 << 20])
        let unknown = try UBootSurvey.assemble(replies: ["sf probe": UBootReply(text: probe)])
        #expect(unknown.partitions.map(\.size) == [32 << 20])
        #expect(unknown.warnings.count == 1)
        let new = try UBootSurvey.assemble(replies: [
            "sf probe": UBootReply(text: probe), "version": UBootReply(text: "U-Boot 2023.01 (Jan 01 2023)\n"),
        ])
        #expect(new.warnings == [])
    }

    @Test func noFlash() {
        #expect(throws: FlashkeepError(.noPartitions, what: "", why: "", next: "")) {
            try UBootSurvey.assemble(replies: ["flinfo": UBootReply(text: "Unknown command 'flinfo' - try 'help'\n")])
        }
    }

    @Test func sizeNotKnown() throws {
        let survey = try UBootSurvey.assemble(replies: [
            "nand info": UBootReply(text: "Device 0: nand0, sector size 128 KiB\n"),
            "nand bad": UBootReply(text: "Device 0 bad blocks:\n  00040000\n"),
        ])
        #expect(survey.chips.first?.sizeKnowledge == .atLeast)
        #expect(survey.chips.first?.size == 0x6_0000)
        #expect(survey.warnings.contains { $0.contains("how large nand0 is") })
    }
}
