import FlashAccess
import FlashModel
import RedBootFlash
import TestSupport
import Testing

/// Surveys from recorded and made-up replies.
@Suite("Surveys of boards in RedBoot")
struct RedBootSurveyTests {
    private static func facts(_ changes: [String: String] = [:], generation: String = "2006") throws -> RedBootFacts {
        var replies = [
            "version": try RedBootRecording("malta-\(generation)-version").reply("version"),
            "help": try RedBootRecording("malta-\(generation == "be-2006" ? "2006" : generation)-help").reply("help"),
        ]
        replies["fis list"] = try RedBootRecording("malta-\(generation)-fis-create").replies("fis list").last
        for (question, text) in changes { replies[question] = ConsoleReply(text: text) }
        return RedBootFacts(replies)
    }

    private static let heading = "Name              FLASH addr  Mem addr    Length      Entry point\r\n"

    private static func row(_ name: String, _ address: String, _ size: String) -> String {
        let padded = name + String(repeating: " ", count: max(0, 16 - name.utf8.count))
        return "\(padded)  0x\(address)  0x\(address)  0x\(size)  0x00000000\r\n"
    }

    @Test func fromTheList() throws {
        let survey = try RedBootSurvey.assemble(try Self.facts())
        #expect(survey.chips.map(\.id) == ["flash0"] && survey.chips.first?.exactSize == 4 << 20)
        #expect(survey.chips.first?.kind == .nor && survey.chips.first?.eraseBlockSize == 0x10000)
        // Images leave gaps, so the chip is a partition, too.
        #expect(
            survey.partitions.map(\.name) == [
                "flash0", "RedBoot", "small", "linux", "dironly", "FIS directory", "RedBoot config",
            ])
        #expect(survey.partitions.map(\.index) == Array(0..<7))
        #expect(survey.partitions.allSatisfy { $0.numbering == .ordinal })
        #expect(survey.partitions.dropFirst().allSatisfy { $0.parent == 0 })
        #expect(
            survey.partitions.map(\.role) == [
                .unknown, .bootloader, .unknown, .firmware, .unknown, .bootloader, .config,
            ])
        #expect(survey.partitions.last?.chipRange == 0x3FF000..<0x400000)
        #expect(survey.table == .complete && survey.unknowns.isEmpty)
        #expect(survey.board.bootloader?.hasPrefix("RedBoot (Non-certified release, version UNKNOWN") == true)
        #expect(survey.board.processor == "Malta (MIPS32 4Kc)" && survey.board.model == nil)
        #expect(ReadCoverage.plan(survey).gaps.isEmpty)
    }

    @Test("The directory on flash knows what the list leaves out")
    func fromTheDirectory() throws {
        var facts = try Self.facts()
        let block = try RedBootRecording.data("malta-2006-fisdir-block.bin")
        facts.directory = RedBootDirectory(block, at: 0xBE3F_0000)
        facts.configuration = RedBootConfiguration(Array(block[0xF000...]))
        let survey = try RedBootSurvey.assemble(facts)
        #expect(
            survey.partitions.map(\.name) == [
                "flash0", "RedBoot", "linux", "probe", "FIS directory", "RedBoot config",
            ])
        // The recorded list is an older one.
        #expect(survey.warnings.count == 2 && survey.warnings.allSatisfy { $0.contains("do not agree") })
        #expect(survey.table == .complete)
    }

    /// The iSpot: directory and configuration share an erase block, and the table covers the chip.
    @Test func sharedBlock() throws {
        let banner =
            "\r\nRedBoot(tm) bootstrap and debug environment [ROM]\r\nRAM: 0x0-0x2000000, [0x20000-0x1fd0000] available\r\n"
            + "FLASH: 0x50000000 - 0x51000000, 128 blocks of 0x00020000 bytes each.\r\n"
        let list =
            Self.heading + Self.row("RedBoot", "50000000", "00040000")
            + Self.row("linux", "50040000", "00FA0000") + Self.row("FIS directory", "50FE0000", "0001F000")
            + Self.row("RedBoot config", "50FFF000", "00001000")
        let survey = try RedBootSurvey.assemble(try Self.facts(["version": banner, "fis list": list]))
        // The whole chip is there, because neither half of the block can be written by itself.
        #expect(survey.partitions.map(\.name).first == "flash0")
        #expect(survey.partitions.map(\.size) == [0x1000000, 0x40000, 0xFA0000, 0x1F000, 0x1000])
        #expect(survey.table == .complete)
    }

    /// Atheros' boards: what lies behind the directory is the calibration of the radio, and in no entry.
    @Test func unlisted() throws {
        let banner =
            "\r\nRedBoot(tm) bootstrap and debug environment [ROMRAM]\r\n"
            + "RAM: 0x80000000-0x81000000, [0x80040450-0x80fe1000] available\r\n"
            + "FLASH: 0xa8000000 - 0xa87f0000, 128 blocks of 0x00010000 bytes each.\r\n"
        let list =
            Self.heading + Self.row("RedBoot", "A8000000", "00030000")
            + Self.row("rootfs", "A8030000", "007B0000") + Self.row("FIS directory", "A87E0000", "0000F000")
            + Self.row("RedBoot config", "A87EF000", "00001000")
        let survey = try RedBootSurvey.assemble(try Self.facts(["version": banner, "fis list": list]))
        let last = try #require(survey.partitions.last)
        #expect(last.role == .calibration && last.chipRange == 0x7F0000..<0x800000)
    }

    @Test("Images that overlap, repeat, or lie nowhere")
    func hostileTables() throws {
        let list =
            Self.heading + Self.row("RedBoot", "BE000000", "00040000")
            + Self.row("a", "BE020000", "00040000") + Self.row("a", "BE020000", "00040000")
            + Self.row("huge", "BE100000", "FFFFFFFF") + Self.row("nowhere", "12345678", "00010000")
            + Self.row("none", "BE200000", "00000000") + Self.row("end", "BE3FFFFF", "00000001")
        let survey = try RedBootSurvey.assemble(try Self.facts(["fis list": list]))
        #expect(survey.partitions.map(\.name) == ["flash0", "RedBoot", "a", "a", "end"])
        #expect(survey.table.doubts.count == 2, "\(survey.table)")
        #expect(survey.warnings.contains { $0.contains("none") })
        let cover = ReadCoverage.plan(survey)
        #expect(cover.gaps.isEmpty && cover.images.count == 1)
    }

    @Test("What is not understood is not whole")
    func doubts() throws {
        let strange =
            "\r\nRedBoot(tm) bootstrap and debug environment [ROM]\r\n"
            + "FLASH: 0xbe000000 - 0xbe400000, 64 blocks of 0x00010000 bytes each.\r\nFLASH: something else\r\n"
        let survey = try RedBootSurvey.assemble(try Self.facts(["version": strange]))
        #expect(survey.table.doubts.count == 1)
        let end =
            "\r\nRedBoot(tm) bootstrap and debug environment [ROM]\r\n"
            + "FLASH: 0xbe000000 - 0xbe900000, 64 blocks of 0x00010000 bytes each.\r\n"
        #expect(try RedBootSurvey.assemble(try Self.facts(["version": end])).table.doubts.count == 1)
        // Of a RedBoot whose commands are unknown, the kind of flash is, too.
        let helpless = try RedBootSurvey.assemble(try Self.facts(["help": ""]))
        #expect(helpless.table.doubts == ["help lists no command, so this RedBoot may have commands for NAND"])
        #expect(helpless.chips.map(\.kind) == [.unknown])
        #expect(helpless.partitions.allSatisfy { $0.badBlocks?.isComplete == false })
        // One doubt for all chips.
        let two =
            "\r\nRedBoot(tm) bootstrap and debug environment [ROM]\r\n"
            + "FLASH: 0x50000000-0x507fffff, 64 x 0x20000 blocks\r\nFLASH: 0x60000000-0x600fffff, 16 x 0x10000 blocks\r\n"
        let nand = try RedBootSurvey.assemble(
            try Self.facts(["version": two, "help": "Utility function to NAND\r\n   factive [NOR | NAND]\r\n"]))
        #expect(nand.table.doubts.count { $0.contains("NAND") } == 1 && nand.chips.map(\.kind) == [.unknown, .unknown])
        // No flash at all.
        #expect(throws: FlashkeepError.self) {
            try RedBootSurvey.assemble(
                try Self.facts(["version": "\r\nRedBoot(tm) bootstrap and debug environment [RAM]\r\n"]))
        }
        // Without a directory there are no partitions, and all of the chip.
        let blank = try RedBootSurvey.assemble(try Self.facts(["fis list": Self.heading]))
        #expect(blank.partitions.map(\.name) == ["flash0"] && blank.warnings.count == 1)
        #expect(blank.partitions.first?.role == .unknown)
    }

    @Test("Which writes would erase the running RedBoot")
    func ownCode() throws {
        func banner(_ startup: String) -> String {
            "\r\nRedBoot(tm) bootstrap and debug environment \(startup)\r\n"
                + "FLASH: 0xbe000000 - 0xbe400000, 64 blocks of 0x00010000 bytes each.\r\n"
        }
        func titles(_ startup: String, _ list: String) throws -> [String] {
            let facts = try Self.facts(["version": banner(startup), "fis list": Self.heading + list])
            let survey = try RedBootSurvey.assemble(facts)
            let code = RedBootCode(facts.version, survey)
            return survey.partitions.filter { code.isIn($0) }.map(\.name)
        }
        let own = Self.row("RedBoot", "BE000000", "00040000")
        let linux = Self.row("linux", "BE040000", "00020000")
        let directory = Self.row("FIS directory", "BE3F0000", "00010000")
        #expect(try titles("[ROM]", own + linux + directory) == ["RedBoot"])
        #expect(try titles("", own + linux + directory) == ["RedBoot"])
        #expect(try titles("[ROMRAM]", own + linux + directory) == [])
        #expect(try titles("[RAM]", linux + directory) == [])
        // What overlaps it, or shares a block with it, is written with it.
        let whole = Self.row("all", "BE000000", "003F0000")
        #expect(try titles("[ROM]", own + whole + directory) == ["all", "RedBoot"])
        let uneven = Self.row("RedBoot", "BE000000", "00038000")
        #expect(try titles("[ROM]", uneven + linux + directory) == ["flash0", "RedBoot"])
        // Where no image has its name, it may be in any gap.
        let boot = Self.row("bootloader", "BE000000", "00040000")
        #expect(try titles("[ROM]", boot + linux + directory) == ["flash0", "bootloader"])
        let facts = try Self.facts(["version": banner("[ROM]"), "fis list": Self.heading + own + linux])
        let code = RedBootCode(facts.version, try RedBootSurvey.assemble(facts))
        #expect(code.isIn(0x3_0000..<0x4_0000, of: "flash0") && !code.isIn(0x4_0000..<0x5_0000, of: "flash0"))
        #expect(!code.isIn(0x3_0000..<0x4_0000, of: "flash1"))
    }

    @Test("Random replies make a survey or an error")
    func random() throws {
        var random = SplitMix64(state: 11)
        let texts = try ["malta-2006-version", "malta-2012-version", "malta-2006-fis-create", "malta-2006-help"]
            .map { try RedBootRecording.bytes($0) }
        for _ in 0..<300 {
            var replies: [String: ConsoleReply] = [:]
            for question in ["version", "help", "fis list", "fconfig -l -n", "ip_address"] {
                var bytes = texts.randomElement(using: &random, or: [])
                for _ in 0..<Int.random(in: 0...30, using: &random) where !bytes.isEmpty {
                    bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                replies[question] = ConsoleReply(output: bytes)
            }
            guard let survey = try? RedBootSurvey.assemble(RedBootFacts(replies)) else { continue }
            #expect(survey.partitions.allSatisfy { $0.chipRange != nil })
            _ = ReadCoverage.plan(survey)
        }
    }

    // MARK: Commands

    @Test("No line harms the board")
    func lines() throws {
        let commands = RedBootCommands()
        #expect(try commands.checksum(at: 0xBE10_0000, count: 0x1_0000) == "cksum -b 0xbe100000 -l 0x10000")
        #expect(try commands.dumpRecords(at: 0xBE10_0000, count: 0x1000) == "dump -b 0xbe100000 -l 0x1000 -s")
        #expect(throws: RedBootCommandFault.badRange) { try commands.dumpRecords(at: 0, count: 17) }
        #expect(throws: RedBootCommandFault.badRange) { try commands.checksum(at: 0xFFFF_FFFF, count: 2) }
        #expect(throws: RedBootCommandFault.badRange) { try commands.checksum(at: .max, count: 1) }
        #expect(throws: RedBootCommandFault.badRange) { try commands.checksum(at: 0, count: 0) }
        for word in ["$", "a+b", "a;b", "", "a b", "%{x}", "\u{3}", "\"a\"", "ä"] {
            #expect(throws: RedBootCommandFault.unsafeWord(word)) { try commands.help(word) }
        }
        #expect(throws: RedBootCommandFault.self) { try commands.help(String(repeating: "a", count: 250)) }
        #expect(throws: RedBootCommandFault.writesFlash(0xBE00_0000..<0xBE40_0000)) {
            try commands.loadYMODEM(to: 0xBE3F_FFFF, count: 1, flash: [0xBE00_0000..<0xBE40_0000])
        }
        #expect(throws: RedBootCommandFault.self) {
            try commands.fill(at: 0xBDFF_FFFF, count: 2, value: 0, flash: [0xBE00_0000..<0xBE40_0000])
        }
    }

    @Test func freeMemory() throws {
        let facts = try Self.facts()
        // Rounded up, and away from the end.
        #expect(try facts.freeMemory(0x1_0000) == 0x8001_0000..<0x8002_0000)
        #expect(throws: FlashkeepError.self) { try facts.freeMemory(0x1ED_0000) }
        #expect(throws: FlashkeepError.self) { try facts.freeMemory(.max) }
        let none = try Self.facts(["version": "\r\nRedBoot(tm) bootstrap and debug environment [ROM]\r\n"])
        #expect(throws: FlashkeepError.self) { try none.freeMemory(1) }
    }
}
