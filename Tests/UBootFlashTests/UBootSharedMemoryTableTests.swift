import FlashAccess
import FlashModel
import TestBoards
import TestSupport
import Testing

@testable import UBootFlash

/// Qualcomm's partition table, as printed by `smeminfo`. The outputs are those of an IPQ6018 with SPI NOR and eMMC, and
/// of a GL.iNet IPQ4019, as their owners published them; the third has the form of an IPQ4019 with NAND beside its NOR
/// (`part_which_flash` in `arch/arm/cpu/armv7/qca/common/smem.c`).
@Suite("smeminfo")
struct UBootSharedMemoryTableTests {
    private static let head = """
        flash_type:             0x6
        flash_index:            0x0
        flash_chip_select:      0x0
        flash_block_size:       0x10000
        flash_density:          0x1000000

        """
    private static let nor =
        head + """
            flash_secondary_type:   0x5
            partition table offset: 0x0
            No.: Name             Attributes            Start             Size
              0: 0:SBL1           0x0000ffff              0x0          0xc0000
              1: 0:MIBIB          0x001040ff          0xc0000          0x10000
              2: 0:BOOTCONFIG     0x001040ff          0xd0000          0x20000
             13: 0:APPSBL         0x0000ffff         0x520000          0xa0000
             15: 0:ART            0x0000ffff         0x660000          0x40000

            """
    private static let both =
        head + """
            partition table offset  0x0
            No.: Name             Attributes            Start             Size
              0: 0:SBL1           0x0000ffff              0x0          0x40000
              1: 0:MIBIB          0x002040ff          0x40000          0x20000
              2: my part          0x0000ffff          0x60000          0x60000
              3: rootfs           0x0100ffff              0x0        0x4000000

            """

    private static func reply(_ text: String) -> UBootReply { UBootReply(text: text.replacing("\n", with: "\r\n")) }

    private static func parts(_ survey: Survey) -> [String] {
        survey.partitions.map { "\($0.chip) \($0.name) \($0.offset ?? -1)+\($0.size)" }
    }

    @Test("Partitions with their chips")
    func table() throws {
        let nor = try #require(UBootSharedMemoryTable(Self.reply(Self.nor)))
        #expect(nor.parts.map(\.name) == ["0:SBL1", "0:MIBIB", "0:BOOTCONFIG", "0:APPSBL", "0:ART"])
        #expect(nor.parts.allSatisfy { $0.place == .serialNOR } && nor.strayLines.isEmpty)
        #expect(nor.parts.last?.offset == 0x66_0000 && nor.parts.last?.size == 0x4_0000)
        let both = try #require(UBootSharedMemoryTable(Self.reply(Self.both)))
        #expect(both.parts.map(\.place) == [.serialNOR, .serialNOR, .serialNOR, .nand])
        #expect(both.parts.map(\.name)[2] == "my part")
        // The board boots from NAND (2 and 0xb), or from what is no raw flash (5).
        for (type, place) in [("0x2", UBootSharedMemoryTable.Place.nand), ("0xb", .nand), ("0x5", .other)] {
            let text = Self.nor.replacing("flash_type:             0x6", with: "flash_type:             \(type)")
            #expect(try #require(UBootSharedMemoryTable(Self.reply(text))).parts.allSatisfy { $0.place == place })
        }
        #expect(UBootSharedMemoryTable(Self.reply("Partition information not available\n")) == nil)
        #expect(UBootSharedMemoryTable(Self.reply("Unknown command 'smeminfo' - try 'help'\n")) == nil)
    }

    @Test("Each chip gets its own partitions; the rest of it stays readable")
    func survey() throws {
        let replies = [
            "sf probe": Self.reply("SF: Detected W25Q128 with page size 256 Bytes, erase size 64 KiB, total 16 MiB\n"),
            "nand info": Self.reply("\nDevice 0: NAND 128MiB 3,3V 8-bit, sector size 128 KiB\n"),
            "nand bad": Self.reply("\nDevice 0 bad blocks:\n"), "smeminfo": Self.reply(Self.both),
        ]
        let survey = try UBootSurvey.assemble(replies: replies)
        #expect(
            Self.parts(survey).sorted() == [
                "nand0 nand0 0+134217728", "nand0 rootfs 0+67108864", "spi0 0:MIBIB 262144+131072",
                "spi0 0:SBL1 0+262144", "spi0 my part 393216+393216", "spi0 spi0 0+16777216",
            ])
        #expect(survey.table == .complete)
    }

    @Test("It goes before U-Boot's mtdparts, which has a part of it; a difference is reported")
    func order() throws {
        var replies = [
            "sf probe": Self.reply("SF: Detected W25Q128 with page size 256 Bytes, erase size 64 KiB, total 16 MiB\n"),
            "smeminfo": Self.reply(Self.nor),
            "mtdparts": Self.reply(
                """

                device nor0 <nor0>, # parts = 1
                 #: name\t\tsize\t\toffset\t\tmask_flags
                 0: fs                  0x00040000\t0x00660000\t0

                """),
        ]
        let same = try UBootSurvey.assemble(replies: replies)
        #expect(same.partitions.map(\.name).contains("0:ART") && !same.partitions.map(\.name).contains("fs"))
        #expect(!same.warnings.contains { $0.contains("smeminfo") }, "\(same.warnings)")
        let text = String(decoding: replies["mtdparts"]?.output ?? [], as: UTF8.self)
        replies["mtdparts"] = UBootReply(text: text.replacing("0x00660000", with: "0x00670000"))
        let other = try UBootSurvey.assemble(replies: replies)
        #expect(other.warnings.contains { $0.contains("smeminfo") && $0.contains("mtdparts") }, "\(other.warnings)")
    }

    @Test("Numbers that are none, overlaps, and parts beyond the chip: nothing traps, and nothing is lost silently")
    func hostile() throws {
        let rows = [
            ("  0: till-end 0x0000ffff 0x0 0xfffffffffe800000", "not understood"),
            ("  0: huge 0x0000ffff 0x8000000000000000 0x8000000000000000", "not understood"),
            ("  0: outside 0x0000ffff 0xff0000 0x20000", "extends beyond"), ("  0: short", "not understood"),
            ("  0: 0x0000ffff 0x0 0x10000", "not understood"),
        ]
        for (row, words) in rows {
            let survey = try UBootSurvey.assemble(replies: [
                "sf probe": Self.reply(
                    "SF: Detected W25Q128 with page size 256 Bytes, erase size 64 KiB, total 16 MiB\n"),
                "smeminfo": Self.reply(Self.nor + row + "\n"),
            ])
            #expect(survey.table.doubts.contains { $0.contains(words) }, "\(row): \(survey.table.doubts)")
            #expect(survey.partitions.contains { $0.offset == 0 && $0.size == 16 << 20 })
        }
        let twice = try UBootSurvey.assemble(replies: [
            "sf probe": Self.reply("SF: Detected W25Q128 with page size 256 Bytes, erase size 64 KiB, total 16 MiB\n"),
            "smeminfo": Self.reply(Self.nor + " 16: over 0x0000ffff 0xb0000 0x20000\n 17: none 0x0000ffff 0x0 0x0\n"),
        ])
        #expect(twice.partitions.map(\.name).contains("over") && twice.partitions.map(\.name).contains("none"))
        #expect(!PartitionPicture().lines(twice).isEmpty)
    }

    // MARK: Whether it is asked

    private func asked(_ commands: [String], nand: Bool) async throws -> (wasAsked: Bool, survey: Survey) {
        let serial = SimulatedHardware.Flash("spi0", kind: .spiNOR, blocks: 256, blockSize: 0x1_0000)
        let other = SimulatedHardware.Flash(
            "nand0", kind: .nand, blocks: 16, blockSize: 0x4000, pageSize: 0x200, oobSize: 16)
        var scenario = UBootScenario(
            SimulatedHardware(identity: BoardIdentity(), chips: nand ? [serial, other] : [serial], devices: []))
        scenario.prompt = "IPQ6018# "
        scenario.answers["smeminfo"] = Self.nor
        if !nand { scenario.answers["nand info"] = "\nDevice 1: spi0.0, sector size 64 KiB\n" }
        scenario.commands.formUnion(commands + ["sf"])
        let board = SimulatedUBoot(scenario)
        let survey = try await SimulatedSessions.with(board, prompt: "IPQ6018# ") { session in
            try await UBootFlashAccess(session, store: ContentStore()).survey().survey
        }
        #expect(board.offences.isEmpty, "\(board.offences.prefix(3))")
        return (board.commands.contains { $0.hasPrefix("smeminfo") }, survey)
    }

    @Test("It is asked where nothing is written for it: an attach of UBI may erase blocks")
    func harmless() async throws {
        for (commands, nand, expected) in [
            (["smeminfo"], false, true), (["smeminfo", "nand"], true, true),
            (["smeminfo", "nand", "ubi"], false, true),
            (["smeminfo", "nand", "ubi"], true, false), (["nand", "ubi"], true, false),
        ] {
            let (wasAsked, survey) = try await asked(commands, nand: nand)
            #expect(wasAsked == expected, "\(commands) \(nand)")
            #expect(survey.partitions.map(\.name).contains("0:ART") == expected)
            let isTold = survey.warnings.contains { $0.contains("smeminfo") && $0.contains("UBI") }
            #expect(isTold == (commands.contains("smeminfo") && !expected), "\(survey.warnings)")
        }
    }
}
