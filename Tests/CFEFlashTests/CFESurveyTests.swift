import FlashAccess
import FlashModel
import LoaderConsoles
import TestSupport
import Testing

@testable import CFEFlash

@Suite("Surveys of CFE")
struct CFESurveyTests {
    private static func facts(
        _ names: [String: String], given: GivenMemory = GivenMemory(), more: [String: String] = [:]
    ) throws -> CFEFacts {
        var replies: [String: ConsoleReply] = more.mapValues { ConsoleReply(text: $0) }
        for (question, name) in names { replies[question] = try CFEFixture.reply(name) }
        return CFEFacts(replies, given: given)
    }

    private static let generic = ["help": "bcm47xx-help", "show devices": "bcm47xx-show-devices"]

    @Test("BCM47xx: one chip, seen twice, and sizes that CFE rounds")
    func generic() throws {
        let facts = try Self.facts(Self.generic)
        let survey = try CFESurvey.assemble(facts)
        #expect(survey.chips.map(\.id) == ["flash0"] && survey.chips.first?.exactSize == 16 << 20)
        #expect(survey.chips.first?.kind == .spiNOR && survey.chips.first?.eraseBlockSize == 0)
        #expect(survey.table == .complete, "\(survey.table.doubts)")
        let parts = survey.partitions
        // `flash0.trx` has 28 bytes, and `flash0.os` begins behind them.
        #expect(parts.map(\.name) == ["flash0.boot", "flash0.boot2", "flash1.trx", "flash0.nvram"])
        #expect(parts.map(\.offset) == [0, 0x4_0000, 0x8_0000, 0xFF_0000])
        #expect(parts.map(\.role) == [.bootloader, .bootloader, .firmware, .environment])
        #expect(survey.warnings.count == 2, "\(survey.warnings)")
        #expect(CFEChipMap(facts).windows == ["flash0": .device("flash0")])
    }

    @Test("BCM47xx without fdump needs an address; with one, its window is read")
    func mapped() throws {
        let help = String(decoding: try CFEFixture.reply("bcm47xx-help").output, as: UTF8.self)
        let without = help.replacing("fdump ", with: "fstat ")
        let names = ["show devices": "bcm47xx-show-devices"]
        let facts = try Self.facts(names, more: ["help": without])
        #expect(CFEChipMap(facts).windows.isEmpty)
        #expect(try CFESurvey.assemble(facts).warnings.contains { $0.contains("--flash nor:0xbc000000+16MiB") })
        let given = GivenMemory(
            flash: [GivenFlash(kind: .nor, start: 0xBC00_0000, size: 16 << 20, eraseBlockSize: 64 << 10)])
        let told = try Self.facts(names, given: given, more: ["help": without])
        #expect(CFEChipMap(told).windows == ["flash0": .mapped(base: 0xBC00_0000)])
        let survey = try CFESurvey.assemble(told)
        #expect(survey.chips.count == 1 && survey.table == .complete)
        let other = GivenMemory(
            flash: [GivenFlash(kind: .nor, start: 0xBC00_0000, size: 8 << 20, eraseBlockSize: nil)])
        let wrong = try CFESurvey.assemble(try Self.facts(names, given: other, more: ["help": without]))
        #expect(wrong.table != .complete && wrong.chips.first?.exactSize == nil)
    }

    @Test("BCM63xx with NOR: the boot address and the size of the start log")
    func nor() throws {
        let help =
            "Available commands:\r\n\r\ndm                  Dump memory or registers.\r\n"
            + "help                Obtain help for CFE commands\r\n"
        let start =
            "CFE version 1.0.37-0.7 for BCM96348 (32bit,SP,BE)\r\nBoot Address 0x\r\nBoot Address: 0xbfc00000\r\n"
            + "Total Flash size: 4096K with 64 sectors\r\n"
        let facts = try Self.facts([:], more: ["help": help, LoaderAnswers.startLogName: start])
        let survey = try CFESurvey.assemble(facts)
        #expect(survey.chips.first?.exactSize == 4 << 20 && survey.chips.first?.eraseBlockSize == 64 << 10)
        #expect(survey.partitions.map(\.name) == ["flash0"])
        #expect(CFEChipMap(facts).windows == ["flash0": .mapped(base: 0xBFC0_0000)])
        // A chip that does not fit into the window is not read there.
        let large = start.replacing("4096K", with: "8192K")
        let unplaced = try Self.facts([:], more: ["help": help, LoaderAnswers.startLogName: large])
        #expect(CFEChipMap(unplaced).windows.isEmpty)
        // From its prompt it tells nothing.
        #expect(throws: FlashkeepError.self) { try CFESurvey.assemble(try Self.facts([:], more: ["help": help])) }
    }

    /// A page as `dn 1 0 1` prints it.
    private static func page(_ size: Int, oob: Int, block: Int) -> String {
        func line(_ address: Int) -> String {
            let digits = String(address, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
                + ": ffffffff ffffffff ffffffff ffffffff    "
                + String(repeating: ".", count: 16) + "\r\n"
        }
        return "------------------ block: 1, page: 0 ------------------\r\n"
            + stride(from: block, to: block + size, by: 16).map(line).joined() + "\r\n"
            + "----------- spare area for block 1, page 0 -----------\r\n"
            + stride(from: size, to: size + oob, by: 16).map(line).joined() + "\r\n*** command status = 1\r\n"
    }

    @Test("BCM63xx with NAND: what the page, the lists and the start log say must agree")
    func nand() throws {
        let names = ["help": "bcm63xx-help", "fi": "bcm63xx-fi", LoaderAnswers.startLogName: "bcm63xx-start"]
        let bad = ">>>>>>>> FIND BAD BLOCKS from block 0 to block 0x3ff <<<<<<<<\r\nBlock 0x2 is marked bad\r\n"
        let page = Self.page(2048, oob: 64, block: 131_072)
        let survey = try CFESurvey.assemble(try Self.facts(names, more: ["fb": bad, "dn 1 0 1": page]))
        let chip = try #require(survey.chips.first)
        #expect(chip.exactSize == 128 << 20 && chip.pageSize == 2048 && chip.oobSize == 64)
        #expect(chip.eraseBlockSize == 128 << 10 && survey.table == .complete)
        // A block before the table of bad blocks is in no partition.
        #expect(survey.partitions.map(\.name) == ["nand0", "boot", "rootfs1", "rootfs2", "data", "bbt"])
        #expect(survey.partitions[2].badBlocks?.bad == [1] && survey.partitions[0].badBlocks?.bad == [2])
        #expect(survey.unknowns.isEmpty)
        // Another number of blocks is a contradiction, and no size.
        let fewer = bad.replacing("0x3ff", with: "0x1ff")
        let doubtful = try CFESurvey.assemble(try Self.facts(names, more: ["fb": fewer, "dn 1 0 1": page]))
        #expect(doubtful.table != .complete && doubtful.chips.first?.exactSize == nil)
        // Without any, the size and the bad blocks are unknown.
        let bare = try CFESurvey.assemble(try Self.facts(["help": "bcm63xx-help"], more: ["dn 1 0 1": page]))
        #expect(bare.chips.first?.exactSize == nil && bare.partitions.isEmpty)
        // The user may know.
        let given = GivenMemory(flash: [GivenFlash(kind: .nand, start: 0, size: 64 << 20, eraseBlockSize: nil)])
        let told = try CFESurvey.assemble(
            try Self.facts(["help": "bcm63xx-help"], given: given, more: ["dn 1 0 1": page]))
        #expect(told.chips.first?.exactSize == 64 << 20 && told.partitions.count == 1)
        #expect(told.unknowns.map(\.subject) == [.badBlocks])
    }
}
