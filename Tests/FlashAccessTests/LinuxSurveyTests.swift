import FlashAccess
import FlashModel
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
        #expect(survey.partitions.allSatisfy { $0.offsetSource == .guess })
        // Stacked sizes: a chip of 16 MiB, which is what this board has.
        #expect(survey.chips.map(\.size) == [16 << 20])
        #expect(survey.chips.first?.sizeKnowledge == .atLeast)
        #expect(!survey.warnings.isEmpty)

        let cover = RegionCover.plan(survey)
        #expect(cover.images.count == 11)
        #expect(cover.images.first?.fileName == "mtd0-RedBoot.bin")
        #expect(cover.images.map(\.size).reduce(0, +) == 16 << 20)
        #expect(cover.gaps.isEmpty)
    }

    /// A NAND board: names that repeat, a kernel whose size is no multiple of anything, a container of two.
    @Test func openWrtTableAlone() throws {
        let survey = try LinuxSurvey.assemble(replies: ["proc-mtd.txt": Fixture.reply("proc-mtd-openwrt-nand.txt")])
        #expect(survey.partitions.count == 14)
        #expect(survey.partition(12)?.size == 0x41FFE4)
        #expect(survey.partitions.filter { $0.name == "ML" }.count == 7)
        #expect(survey.partition(11)?.offset == survey.partition(12)?.offset)
        #expect(survey.partition(13)?.offset == 0x380000 + 0x420000)
        #expect(survey.chips.map(\.size) == [128 << 20])
        // Guessed places merge nothing: each is read on its own.
        let cover = RegionCover.plan(survey)
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
}
