import FlashAccess
import FlashModel
import Foundation
import LoaderConsoles
import TestSupport
import Testing
import Transfers

@testable import CFEFlash

/// What owners of boards posted of their CFE's output.
enum CFEFixture {
    static func reply(_ name: String) throws -> ConsoleReply {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "txt", subdirectory: "Fixtures"))
        return ConsoleReply(text: try String(contentsOf: url, encoding: .utf8).replacing("\n", with: "\r\n"))
    }
}

@Suite("Parsers of CFE's output")
struct CFEParserTests {
    // MARK: The console

    @Test("Lines of the start, of the countdown and of the end")
    func signs() throws {
        let loader = CFELoader()
        func sign(_ text: String) -> LoaderSign? { loader.signs(of: ByteText(text)).first }
        #expect(sign("*** command status = 0") == .ended(status: 0))
        #expect(sign("*** command status = -6") == .ended(status: -6))
        #expect(sign("*** command status = ") == nil)
        #expect(sign("Invalid command: \"fkabc\"") == .unknownCommand)
        for banner in ["CFE version 1.0.37-106.14 for BCM96362 (32bit,SP,BE)", "CFE for WNR3500L version: v1.0.36"] {
            #expect(sign(banner) == .starts(banner))
        }
        guard case .countsDown(let keys, _) = sign("*** Press any key to stop auto run (1 seconds) ***"),
            case .countsDown(let letters, _) = sign("*** Press 't' to stop auto run (0.1 seconds) ***")
        else {
            Issue.record("a countdown is not recognized")
            return
        }
        // ^C is a key that does nothing at the prompt; a letter is sent only if it is named.
        #expect(Set(keys) == [[0x03]] && Set(letters) == [[UInt8(ascii: "t")]])
        #expect(sign("Starting program at 0x80001000") == .startsSystem("Starting program at 0x80001000"))
        for other in ["Entry at 0x80001000", "Available commands:", "flash1: Device not found", "CFE", "d"] {
            #expect(sign(other) == nil, "\(other)")
        }
    }

    @Test("Every chunking of a start gives the same events", arguments: ["bcm47xx-start", "bcm63xx-start"])
    func chunking(_ name: String) throws {
        let bytes = try CFEFixture.reply(name).output + Array("CFE> ".utf8)
        func events(_ size: Int) -> [LoaderText.Event] {
            var text = LoaderText(CFELoader(), prompt: Array("CFE> ".utf8))
            return stride(from: 0, to: bytes.count, by: size).flatMap {
                text.feed(bytes[$0..<min(bytes.count, $0 + size)])
            }
        }
        let whole = events(bytes.count)
        #expect(whole.last == .prompt)
        #expect(whole.contains { if case .sign(.starts) = $0 { true } else { false } })
        #expect(whole.contains { if case .sign(.countsDown) = $0 { true } else { false } })
        for size in 1...64 { #expect(events(size) == whole, "pieces of \(size)") }
    }

    // MARK: Replies

    @Test("Help")
    func help() throws {
        let generic = try #require(CFEHelp(try CFEFixture.reply("bcm47xx-help")))
        #expect(generic.has("fdump") && generic.has("show devices") && generic.dumpsWithD && !generic.has("dn"))
        let dsl = try #require(CFEHelp(try CFEFixture.reply("bcm63xx-help")))
        #expect(dsl.has("dn") && dsl.has("fi") && dsl.has("fb") && dsl.has("dm") && !dsl.has("show devices"))
        #expect(!dsl.dumpsWithD)
        #expect(CFEHelp(ConsoleReply(text: "Invalid command: \"help\"\r\n")) == nil)
        #expect(try CFEFacts.questions(generic) == ["show devices"])
        #expect(try CFEFacts.questions(dsl) == ["fi", "fb", "dn 1 0 1"])
    }

    @Test("Devices: columns aligned to the left or right, with comments, and without a whole chip")
    func devices() throws {
        let listed = try #require(CFEDevices(try CFEFixture.reply("bcm47xx-show-devices")))
        #expect(listed.devices.count == 10 && listed.strayLines.isEmpty)
        #expect(listed.devices.filter(\.isWhole).map(\.name) == ["flash0"])
        #expect(listed.devices.first?.size == 16 << 20)
        #expect(listed.devices.last?.offset == 0xFF_0000)
        let right = ConsoleReply(
            text:
                "Device Name          Description\r\n      flash0.kernel  NAND flash offset 00040000 size 2048KB spare 256KB\r\n"
                + "             flash0  CFI flash at 1FC00000 size 4096KB : boot chip\r\n    flash2.x  CFI flash size KB\r\n"
        )
        let other = try #require(CFEDevices(right))
        #expect(other.devices.map(\.name) == ["flash0.kernel", "flash0"])
        #expect(other.devices.map(\.size) == [2 << 20, 4 << 20] && other.strayLines.count == 1)
        #expect(CFEDevices(ConsoleReply(text: "flash0  size 4096KB")) == nil)
    }

    @Test("The start of both families")
    func startLogs() throws {
        let generic = CFEStartLog(try CFEFixture.reply("bcm47xx-start"))
        #expect(generic.version == "v1.0.6" && generic.board == "WNDR3700v3")
        #expect(generic.norSize == 8 << 20 && generic.norBlockSize == 64 << 10 && generic.nand == nil)
        let dsl = CFEStartLog(try CFEFixture.reply("bcm63xx-start"))
        #expect(dsl.version == "1.0.39-116.174" && dsl.board == "NB6VAC-FXC-r0" && dsl.processor == "BCM63168D0")
        #expect(dsl.nand == .init(name: nil, id: "eff1", blockSize: 128 << 10, size: 128 << 20))
        #expect(dsl.bootAddress == 0xB800_0000)
        let sectors = CFEStartLog(ConsoleReply(text: "Total Flash size: 4096K with 71 sectors\r\n"))
        #expect(sectors.norSize == 4 << 20 && sectors.norBlockSize == nil)
        // What a damaged line says is unknown.
        #expect(CFEStartLog(ConsoleReply(text: "Total Flash size: K with 71 sectors\r\n")).norSize == nil)
    }

    @Test("Partitions and bad blocks of NAND")
    func nandLists() throws {
        let parts = try #require(CFEPartitions(try CFEFixture.reply("bcm63xx-fi")))
        #expect(parts.parts.map(\.name) == ["boot", "rootfs1", "rootfs2", "data", "bbt"])
        #expect(parts.parts.map(\.offset) == [0, 0x2_0000, 0x208_0000, 0x410_0000, 0x7F0_0000])
        #expect(parts.blocks == 1024 && parts.blockSize == 128 << 10 && parts.strayLines.isEmpty)
        let bad = try #require(
            CFEBadBlocks(
                ConsoleReply(
                    text: "\r\n>>>>>>>> FIND BAD BLOCKS from block 0 to block 0x3ff <<<<<<<<\r\n"
                        + "Block 0x12 is marked bad\r\nBlock 0x3ff is marked bad\r\n*** command status = 0\r\n")))
        #expect(bad.bad == [0x12, 0x3FF] && bad.blocks == 1024 && bad.strayLines.isEmpty)
        #expect(CFEBadBlocks(ConsoleReply(text: "Block 0x12 is marked bad\r\n")) == nil)
        let torn = CFEBadBlocks(
            ConsoleReply(text: ">>>> FIND BAD BLOCKS from block 0 to block 0x3ff <<<<\r\nBlock 0x1 is mar\r\n"))
        #expect(torn?.strayLines.count == 1)
    }

    @Test("A page of NAND with its spare area, and the driver's words in between")
    func pages() throws {
        let page = try #require(CFEPage(try CFEFixture.reply("bcm63xx-spare")))
        #expect(page.block == 0 && page.page == 0 && page.trouble == nil)
        #expect(page.data[0x7F0]?.suffix(8) == ArraySlice("LE9642_Z".utf8))
        #expect(page.oob.keys.sorted() == [0x800, 0x810, 0x820, 0x830])
        let geometry = CFENANDGeometry(pageSize: 2048, oobSize: 64, blockSize: 128 << 10)
        #expect(page.lines(geometry).count == 6)
        var text = String(decoding: try CFEFixture.reply("bcm63xx-spare").output, as: UTF8.self)
        text = text.replacing("000007f0:", with: "Uncorrectable ECC Error\r\n000007f0:")
        #expect(CFEPage(ConsoleReply(text: text))?.trouble == .failed("Uncorrectable ECC Error"))
        text = text.replacing("Uncorrectable ECC Error", with: "Correctable ECC Error detected: addr=0x0")
        #expect(CFEPage(ConsoleReply(text: text))?.trouble == .corrected("Correctable ECC Error detected: addr=0x0"))
        // It is measured only as a whole.
        #expect(CFENANDGeometry(firstPageOfBlock1: try CFEFixture.reply("bcm63xx-spare")) == nil)
    }

    @Test("Dumps in the layouts of both families")
    func dumps() throws {
        let device = CFEDevicePrinter("flash0").lines(of: try CFEFixture.reply("bcm47xx-fdump"))
        #expect(device.keys.sorted() == [0x400, 0x410, 0x420, 0x430])
        let memory = HexDumpLine.lines(of: try CFEFixture.reply("bcm63xx-dm"), HexDumpLine.Layout(isUppercase: false))
        #expect(memory[0xB802_0000]?.suffix(12) == ArraySlice("Broadcom Cor".utf8) && memory.count == 3)
    }

    // MARK: Commands

    @Test("Commands only read, and numbers are in the base that each takes")
    func commands() throws {
        let commands = CFECommands()
        #expect(try commands.dumpBytes(at: 0xBC00_0000, count: 4096) == "d -b 0xbc000000 0x1000")
        #expect(try commands.dumpMemory(at: 0xB800_0000, count: 4096) == "dm b8000000 4096")
        #expect(
            try commands.dumpDevice("flash0", at: 0x1000, count: 4096) == "fdump -offset=0x1000 -size=0x1000 flash0")
        #expect(try commands.dumpPage(block: 12, page: 3) == "dn 12 3 1")
        for name in ["flash0; flash", "flash0 x", "eth0", "flash$x", ""] {
            #expect(throws: CFECommandFault.unsafeName(name)) { try commands.dumpDevice(name, at: 0, count: 16) }
        }
        #expect(throws: CFECommandFault.badRange) { try commands.dumpBytes(at: 0xFFFF_FFF0, count: 32) }
        #expect(throws: CFECommandFault.badRange) { try commands.dumpMemory(at: 0, count: 0) }
        #expect(throws: CFECommandFault.badRange) { try commands.dumpPage(block: -1, page: 0) }
    }

    @Test("The network, and the command that sends memory")
    func network() throws {
        let shown = "Device eth0:  hwaddr 00-0D-A0-00-00-01, ipaddr 192.168.1.1, mask 255.255.255.0\n"
        let interface = try #require(CFEInterface(ConsoleReply(text: shown + "        gateway not set\n")))
        #expect(interface.device == "eth0" && interface.address?.description == "192.168.1.1")
        let unset = CFEInterface(ConsoleReply(text: "Device eth1: , ipaddr not set, mask not set\n"))
        #expect(unset?.device == "eth1" && unset?.address == nil)
        let none = CFEInterface(ConsoleReply(text: "Network interface has not been configured\n"))
        #expect(none?.device == nil && none != nil)
        #expect(CFEInterface(ConsoleReply(text: "Device uart0: hwaddr, ipaddr 1.2.3.4\n")) == nil)
        #expect(CFEDevices(try CFEFixture.reply("bcm47xx-show-devices"))?.interfaces == ["eth0"])
        let (commands, host) = (CFECommands(), try #require(IPv4Address("192.168.1.2")))
        let board = try #require(IPv4Address("192.168.1.1"))
        let mask = try #require(IPv4Address("255.255.255.0"))
        #expect(
            try commands.setAddress(board, mask: mask, of: "eth0")
                == "ifconfig eth0 -addr=192.168.1.1 -mask=255.255.255.0")
        #expect(
            try commands.save(from: 0xBC00_0000, count: 0x10_0000, to: "fkabcn1", at: host)
                == "save 192.168.1.2:fkabcn1 0xbc000000 0x100000")
        for name in ["", "fk a", "../fk", "fk;f", String(repeating: "a", count: 41)] {
            #expect(throws: CFECommandFault.unsafeName(name)) {
                try commands.save(from: 0, count: 16, to: name, at: host)
            }
        }
        for device in ["eth", "eth0 -auto", "flash0", "eth1234"] {
            #expect(throws: CFECommandFault.unsafeName(device)) {
                try commands.setAddress(board, mask: mask, of: device)
            }
        }
        #expect(throws: CFECommandFault.badRange) {
            try commands.save(from: 1 << 32 - 8, count: 16, to: "fk", at: host)
        }
    }

    @Test("Hostile replies do not trap", arguments: 1...40)
    func hostile(_ seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        for name in ["bcm47xx-show-devices", "bcm63xx-fi", "bcm63xx-spare", "bcm63xx-start", "bcm47xx-fdump"] {
            var bytes = try CFEFixture.reply(name).output
            for _ in 0..<20 {
                let place = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: Array("9999999999999999".utf8), at: place)
                }
            }
            let reply = ConsoleReply(output: bytes)
            let commands = CFECommands()
            var replies = [LoaderAnswers.startLogName: reply]
            for question in [
                commands.help(), commands.devices(), commands.partitions(), commands.badBlocks(), "dn 1 0 1",
            ] {
                replies[question] = reply
            }
            replies[commands.help()] = try CFEFixture.reply("bcm63xx-help")
            _ = try? CFESurvey.assemble(CFEFacts(replies))
            _ = CFEPage(reply)?.lines(CFENANDGeometry(pageSize: 2048, oobSize: 64, blockSize: 131_072))
        }
    }
}
