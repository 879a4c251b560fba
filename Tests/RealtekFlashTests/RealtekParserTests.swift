import FlashAccess
import FlashModel
import Foundation
import LoaderConsoles
import TestSupport
import Testing
import Transfers

@testable import RealtekFlash

/// What owners of boards posted of their loader's output.
enum RealtekFixture {
    /// - Parameter end: of the lines: this loader puts CR behind LF.
    static func reply(_ name: String, end: String = "\n\r") throws -> ConsoleReply {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "txt", subdirectory: "Fixtures"))
        return ConsoleReply(text: try String(contentsOf: url, encoding: .utf8).replacing("\n", with: end))
    }
}

@Suite("Parsers of the output of Realtek's loader")
struct RealtekParserTests {
    @Test("Lines of the start, and questions")
    func signs() {
        let loader = RealtekLoader()
        func signs(_ text: String) -> [LoaderSign] { loader.signs(of: ByteText(text)) }
        for banner in [
            "---RealTek(RTL8196E)at 2014.04.22-16:22+0800 v1.3 [16bit](400MHz)",
            "---RealTek(RTL8196C-ec) at 2010.01.01-00:00+0800 v1.0 [16bit](390MHz)",
        ] {
            #expect(signs(banner).first == .starts(banner))
            // ESC from then on.
            guard case .countsDown(let keys, _) = signs(banner).last else {
                Issue.record("no countdown: \(banner)")
                continue
            }
            #expect(Set(keys) == [[0x1B]])
        }
        #expect(signs("Unknown command !") == [.unknownCommand])
        #expect(signs("Jump to image start=0x80500000...") == [.startsSystem("Jump to image start=0x80500000...")])
        for other in ["Unknown command 'x' - try 'help'", "RealTek", "Abort!", "Flash Read Successed!"] {
            #expect(signs(other).isEmpty, "\(other)")
        }
        for question in ["(Y)es , (N)o ? --> ", "(Y)es, (N)o->"] { #expect(loader.isQuestion(ByteText(question))) }
        #expect(
            !loader.isQuestion(ByteText("(Y)es , (N)o ? -->"))
                && !loader.isQuestion(ByteText("80500000: (Y)es, (N)o->")))
        #expect(loader.isPrompt(ByteText("<RealTek>")) && !loader.isPrompt(ByteText(".<RealTek>")))
    }

    @Test(
        "Every chunking of a start gives the same events", arguments: ["rtl8196c-start", "rtl8196e-table-start"],
        ["\n\r", "\r\n", "\n"])
    func chunking(_ name: String, _ end: String) throws {
        let bytes = try RealtekFixture.reply(name, end: end).output + Array("<RealTek>".utf8)
        func events(_ size: Int) -> [LoaderText.Event] {
            var text = LoaderText(RealtekLoader(), prompt: Array("<RealTek>".utf8))
            return stride(from: 0, to: bytes.count, by: size).flatMap {
                text.feed(bytes[$0..<min(bytes.count, $0 + size)])
            }
        }
        let whole = events(bytes.count)
        #expect(whole.last == .prompt && whole.contains { if case .sign(.starts) = $0 { true } else { false } })
        for size in 1...48 { #expect(events(size) == whole, "pieces of \(size)") }
    }

    @Test("What is erased, whichever character a build erases with", arguments: [0, 8, 20, 36])
    func clearing(_ typed: Int) throws {
        for erase: UInt8 in [0x7F, 0x08] {
            var line = [UInt8](repeating: UInt8(ascii: "D"), count: typed)
            for byte in RealtekLoader().clearing(typed: typed).flatMap({ $0 }).dropLast() {
                if byte != erase { line.append(byte) } else if !line.isEmpty { line.removeLast() }
                // At 128 characters a line runs by itself.
                #expect(line.count < 120)
            }
            // Nothing is left, or a word that is no command.
            #expect(line.allSatisfy { $0 == 0x08 }, "\(line)")
        }
    }

    @Test("Help, and the starts of all generations")
    func texts() throws {
        let help = try #require(RealtekHelp(try RealtekFixture.reply("rtl8196e-help")))
        #expect(help.has("FLR") && help.has("DB") && help.has("DW") && help.has("J") && !help.has("HELP"))
        let old = try #require(RealtekHelp(try RealtekFixture.reply("rtl8186-help")))
        #expect(old.has("FLR") && !old.has("DB") && !old.has("DW"))
        #expect(RealtekHelp(ConsoleReply(text: "Unknown command !\n\r")) == nil)
        let megabytes = RealtekStartLog(try RealtekFixture.reply("rtl8196c-start"))
        #expect(megabytes.size == 4 << 20 && megabytes.sectorSize == 4096 && megabytes.chip == "Winbond")
        #expect(megabytes.processor == "RTL8196C" && megabytes.version == "2014.08.29-12:43+0800 version v1.1c")
        let table = RealtekStartLog(try RealtekFixture.reply("rtl8196e-table-start"))
        #expect(table.size == 16 << 20 && table.sectorSize == 4096 && table.chip == "GD25Q128")
        let parallel = RealtekStartLog(try RealtekFixture.reply("rtl8186-start"))
        #expect(parallel.size == 2 << 20 && parallel.isParallel)
        let silent = RealtekStartLog(ConsoleReply(text: "---RealTek(RTL8196E)at 2014 v1.3 [16bit](400MHz)\n\r"))
        #expect(silent.size == nil)
        let torn = RealtekStartLog(ConsoleReply(text: "4.Winbond SPI (4 MByte)!\n\rFound 1 x 2M flash memory\n\r"))
        #expect(torn.size == nil)
    }

    @Test("The question of FLR is answered only if it repeats the numbers")
    func question() throws {
        let (command, question) = try RealtekCommands().readFlash(to: 0x8052_0000, at: 0x18_0000, count: 0x40)
        #expect(command == "FLR 80520000 180000 40" && question.answer == "Y")
        func asked(_ text: String) -> Bool { question.isAsked(in: ConsoleReply(text: text)) }
        let recorded = "\n\rFlash read from 00180000 to 80520000 with 00000040 bytes\t?\n\r(Y)es , (N)o ? --> "
        #expect(asked(recorded))
        #expect(asked("\nFlash read from 180000 to 80520000 with 40 bytes\t?\n(Y)es , (N)o ? --> "))
        for (wrong, right) in [("00180000", "00180010"), ("80520000", "80520001"), ("00000040", "00000400")] {
            #expect(!asked(recorded.replacing(wrong, with: right)))
        }
        #expect(!asked(recorded.replacing("Flash read", with: "Flash Program")))
        #expect(!asked("warning\n" + recorded))
    }

    @Test("Commands only read")
    func commands() throws {
        let commands = RealtekCommands()
        #expect(try commands.dumpBytes(at: 0x8050_0000, count: 4096) == "DB 80500000 4096")
        #expect(try commands.dumpWords(at: 0x8050_0000, count: 4096, unit: 4) == "DW 80500000 1024")
        #expect(try commands.dumpWords(at: 0xBD00_0000, count: 4096, unit: 16) == "DW BD000000 256")
        for count in [0, 8, -16] {
            #expect(throws: RealtekCommandFault.badRange) { try commands.dumpBytes(at: 0, count: count) }
        }
        #expect(throws: RealtekCommandFault.badRange) { try commands.readFlash(to: 0, at: -16, count: 16) }
        #expect(throws: RealtekCommandFault.badRange) { try commands.dumpBytes(at: 0xFFFF_FFF0, count: 32) }
    }

    @Test("Of AUTOBURN there is no form but the one that keeps the server from writing")
    func network() throws {
        let commands = RealtekCommands()
        #expect(commands.noAutomaticWriting() == "AUTOBURN 0")
        let (command, reply) = try commands.setLoadAddress(0x8050_0000)
        #expect(command == "LOADADDR 80500000" && reply == "Set TFTP Load Addr 0x80500000")
        #expect(commands.setAddress(try #require(IPv4Address("10.0.0.7"))) == "IPCONFIG 10.0.0.7")
        #expect(throws: RealtekCommandFault.badRange) { try commands.setLoadAddress(1 << 32) }
        let facts = RealtekFacts([commands.help(): try RealtekFixture.reply("rtl8196e-help")])
        #expect(facts.networkObstacle(memory: 0x8050_0000) == nil && facts.networkObstacle(memory: 0x8060_0000) == nil)
        #expect(RealtekFacts([:]).networkObstacle(memory: 0x8050_0000) != nil)
    }

    @Test("Surveys: sizes that are printed, given, unknown or contradictory")
    func surveys() throws {
        func facts(
            _ start: String?, help: String = "rtl8196e-help", given: [GivenFlash] = []
        ) throws -> RealtekFacts {
            var replies = ["?": try RealtekFixture.reply(help)]
            if let start { replies[LoaderAnswers.startLogName] = try RealtekFixture.reply(start) }
            return RealtekFacts(replies, given: GivenMemory(flash: given))
        }
        let told = try RealtekSurvey.assemble(try facts("rtl8196c-start"))
        #expect(told.chips.first?.exactSize == 4 << 20 && told.partitions.count == 1 && told.unknowns.isEmpty)
        let unknown = try RealtekSurvey.assemble(try facts(nil))
        #expect(unknown.chips.first?.exactSize == nil && unknown.partitions.isEmpty && !unknown.unknowns.isEmpty)
        let spi = GivenFlash(kind: .spi, start: 0, size: 4 << 20, eraseBlockSize: 4096)
        let given = try RealtekSurvey.assemble(try facts(nil, given: [spi]))
        #expect(given.chips.first?.exactSize == 4 << 20 && given.unknowns.isEmpty)
        let wrong = try RealtekSurvey.assemble(try facts("rtl8196e-table-start", given: [spi]))
        #expect(wrong.chips.first?.exactSize == nil && wrong.chips.first?.leastSize == 4 << 20)
        // RTL8186 has no DB and no DW.
        #expect(throws: FlashkeepError.self) {
            try RealtekSurvey.assemble(try facts("rtl8186-start", help: "rtl8186-help"))
        }
        let nor = GivenFlash(kind: .nor, start: 0xBE00_0000, size: 2 << 20, eraseBlockSize: nil)
        #expect(try facts(nil, given: [nor]).way == .mapped(base: 0xBE00_0000))
    }

    @Test("Hostile replies do not trap", arguments: 1...40)
    func hostile(_ seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        for name in ["rtl8196c-start", "rtl8196e-table-start", "rtl8186-start", "rtl8196e-help", "rtl8196e-dw"] {
            var bytes = try RealtekFixture.reply(name).output
            for _ in 0..<20 {
                let place = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: place)
                }
            }
            let reply = ConsoleReply(output: bytes)
            let help = try RealtekFixture.reply("rtl8196e-help")
            _ = try? RealtekSurvey.assemble(RealtekFacts([LoaderAnswers.startLogName: reply, "?": help]))
            _ = RealtekHelp(reply)
        }
    }
}
