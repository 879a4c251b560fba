import FlashAccess
import FlashModel
import Testing

@testable import EVAFlash

@Suite("Surveys of EVA and ADAM2")
struct EVASurveyTests {
    private static func facts(_ environment: String) -> EVAFacts {
        var facts = EVAFacts()
        for variable in EVAVariable.all { facts.answers[variable] = .missing }
        for line in ByteText.lines(of: Array(environment.utf8)) {
            guard let variable = EVAVariable.all.first(where: { line.words.first?.string() == $0.name }) else {
                continue
            }
            let reply = FTPReply(code: 200, text: ByteText("GETENV command successful"), lines: [line])
            facts.note(variable, reply)
        }
        return facts
    }

    private static func survey(_ environment: String) throws -> Survey { try EVASurvey(facts(environment)).survey }

    /// A Fritz!Box 7170 (Freetz documentation, "Einstellungen speichern im Urlader-Environment"), with made-up addresses.
    private static let nor = """
        HWRevision            94.1.1.0
        ProductID             Fritz_Box_7170
        SerialNumber          0000000000000000
        firmware_info         29.04.29
        flashsize             0x00800000
        maca                  00:04:0E:11:22:33
        macwlan               00:04:0E:11:22:35
        mtd0                  0x90000000,0x90000000
        mtd1                  0x90010000,0x90780000
        mtd2                  0x90000000,0x90010000
        mtd3                  0x90780000,0x907C0000
        mtd4                  0x907C0000,0x90800000
        urlader-version       1153
        """

    @Test("A box with one NOR chip has all places")
    func oneChip() throws {
        let survey = try Self.survey(Self.nor)
        #expect(survey.chips.map(\.id) == ["flash"] && survey.chips[0].exactSize == 8 << 20)
        #expect(survey.chips[0].kind == .nor)
        #expect(survey.partitions.map(\.index) == [1, 2, 3, 4])
        #expect(survey.partitions.map(\.offset) == [0x10000, 0, 0x780000, 0x7C0000])
        #expect(survey.partitions.map(\.size) == [0x770000, 0x10000, 0x40000, 0x40000])
        #expect(survey.partitions.map(\.role) == [.firmware, .bootloader, .environment, .environment])
        #expect(survey.partitions.map(\.name) == ["kernel", "urlader", "tffs1", "tffs2"])
        #expect(survey.partitions.allSatisfy { $0.isPlaced && $0.badBlocks == nil } && survey.unknowns.isEmpty)
        #expect(survey.board.model == "Fritz_Box_7170" && survey.board.serialNumber == nil)
        #expect(survey.board.macAddresses == ["00:04:0e:11:22:33", "00:04:0e:11:22:35"])
        #expect(survey.board.bootloader == "urlader 1153")
    }

    /// A Fritz!Box 3272 (openwrt-devel).
    private static let nand = """
        flashsize             nor_size=0MB sflash_size=256KB nand_size=128MB
        mtd0                  0x400000,0x3400000
        mtd1                  0x0,0x400000
        mtd2                  0x0,0x20000
        mtd3                  0x20000,0x30000
        mtd4                  0x30000,0x40000
        mtd5                  0x0,0x200000
        """

    @Test("With two chips, only what fills the serial flash has a place")
    func twoChips() throws {
        let survey = try Self.survey(Self.nand)
        #expect(
            survey.chips.map(\.id) == ["sflash", "nand"] && survey.chips.map(\.exactSize) == [256 << 10, 128 << 20])
        #expect(survey.partitions.map(\.chip) == ["nand", "nand", "sflash", "sflash", "sflash", "nand"])
        #expect(survey.partitions.map(\.offset) == [nil, nil, 0, 0x20000, 0x30000, nil])
        // Neither bad blocks nor places are known.
        #expect(survey.unknowns.contains { $0.subject == .badBlocks })
        #expect(survey.unknowns.contains { $0.subject == .partitionPlace })
        // Without filling it, they have none either.
        let other = try Self.survey(Self.nand.replacing("0x30000,0x40000", with: "0x30000,0x38000"))
        #expect(other.partitions.allSatisfy { $0.offset == nil && $0.chip == "nand" })
    }

    @Test("A size that does not fit, or none, leaves the places open")
    func noPlaces() throws {
        for text in ["flashsize             0x00400000", "flashsize             0x00700000"] {
            let survey = try Self.survey(Self.nor.replacing("flashsize             0x00800000", with: text))
            #expect(survey.partitions.allSatisfy { $0.offset == nil }, "\(text)")
            #expect(!survey.unknowns.isEmpty)
        }
        let sizeless = try Self.survey(Self.nor.replacing("flashsize ", with: "nothing "))
        #expect(sizeless.chips[0].size == .atLeast(8 << 20) && sizeless.partitions.allSatisfy { !$0.isPlaced })
        let strange = try Self.survey(Self.nor.replacing("0x00800000", with: "plenty"))
        #expect(strange.table.doubts.contains { $0.contains("plenty") })
    }

    /// A D-Link DSL-G624T with ADAM2 (OpenWrt wiki): partitions within and across others.
    @Test("ADAM2's overlapping partitions keep their places")
    func adam2() throws {
        let survey = try Self.survey(
            """
            flashsize             0x00400000
            mtd0                  0x900a1000,0x903f0000
            mtd1                  0x90010090,0x900a1000
            mtd2                  0x90000000,0x90010000
            mtd3                  0x903f0000,0x90400000
            mtd4                  0x90010000,0x903f0000
            """)
        #expect(survey.partitions.map(\.offset) == [0xA1000, 0x10090, 0, 0x3F0000, 0x10000])
        #expect(survey.unknowns.isEmpty)
    }

    @Test(
        "What was not understood makes the table incomplete",
        arguments: [
            "0x90010000", "0x90780000,0x90010000", "90010000,90780000", "0x,0x", "0x1,0x2,0x3", "", "-1,0x10",
            "0x0,0xFFFFFFFFFFFFFFFFFFFF",
        ])
    func doubts(_ value: String) throws {
        let survey = try Self.survey(Self.nor.replacing("0x90010000,0x90780000", with: value))
        #expect(survey.table != .complete && survey.partition(1) == nil)
    }

    @Test("An answer that is none is a doubt, and no partitions are an error")
    func answers() throws {
        var facts = Self.facts(Self.nor)
        facts.answers[.partition(try #require(EVAPartitionName(5)))] = .unclear("530 not logged in")
        #expect(try EVASurvey(facts).survey.table.doubts.count == 1)
        let error = #expect(throws: FlashkeepError.self) { try Self.survey("mtd0  0x90000000,0x90000000") }
        #expect(error?.code == .noPartitions)
    }

    @Test(
        "Sizes of flash",
        arguments: [
            "0x00800000x", "0x", "nor_size=8", "nor_size=1MB nor_size=2MB", "nand=1MB", "nor_size=0MB",
            "nor_size=99999999999GB",
            "",
        ])
    func sizes(_ text: String) {
        let isGood = text == "nor_size=8"
        #expect((EVAFlashSize(ByteText(text)) != nil) == isGood)
    }
}
