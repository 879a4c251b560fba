import BoardConsoles
import FlashAccess
import FlashModel
import Foundation
import LoaderConsoles
import Testing
import Transfers

@testable import BareboxFlash

/// Recordings of a real barebox 2026.06: sandbox_defconfig with RAM as an MTD device.
@Suite("Replies of barebox")
struct BareboxParserTests {
    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: try folder().appending(path: "sandbox-2026.06-\(name).txt")))
    }

    private static func reply(_ name: String) throws -> ConsoleReply { ConsoleReply(output: try bytes(name)) }

    private static func folder() throws -> URL {
        try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil)).appending(path: "Barebox")
    }

    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: try folder().path()).sorted().map {
            String($0.dropFirst("sandbox-2026.06-".count).dropLast(".txt".count))
        }
    }

    @Test("The list of commands, which is whole only with its last line")
    func help() throws {
        let help = try #require(BareboxHelp(try Self.reply("help")))
        for name in ["md", "crc32", "devinfo", "sha256sum", "loady", "?", "tftp"] {
            #expect(help.commands.contains(name))
        }
        #expect(!help.commands.contains("nand") && help.commands.count > 100)
        let text = String(decoding: try Self.bytes("help"), as: UTF8.self)
        #expect(BareboxHelp(ConsoleReply(text: String(text.prefix(900)))) == nil)
        #expect(BareboxHelp(try Self.reply("version")) == nil)
    }

    @Test("The tree of devices and their files")
    func devices() throws {
        let devices = try #require(BareboxDevices(try Self.reply("devinfo")))
        #expect(devices.strayLines.isEmpty)
        // cs0 has no end, fd0 is a file of another device.
        #expect(devices.candidates.map(\.text) == ["mtdram0"])
        #expect(
            devices.files.first { $0.name == ByteText("stickypage.env") }.map { [$0.offset, $0.size] } == [
                0x400, 0x800,
            ])
        #expect(devices.files.first { $0.name == ByteText("mem") }?.size == nil)
        #expect(devices.files.first { $0.name == ByteText("mtdram0.kernel") }?.device == ByteText("mtdram0.kernel"))
        let none = BareboxDevices(try Self.reply("version"))
        #expect(devices.disks.isEmpty && none == nil)
        let old = try #require(
            BareboxDevices(ConsoleReply(text: "devices:\n`---- nor0\n     `---- 0x00000000-0x01ffffff: /dev/nor0\n")))
        #expect(old.candidates.map(\.text) == ["nor0"] && old.files.first?.size == 32 << 20)
    }

    @Test("The parameters of flash, and of what is none")
    func parameters() throws {
        let flash = try #require(BareboxFlashDevice(try Self.reply("devinfo-mtdram0")))
        // An erase block of one byte is none.
        #expect(flash.size == 1 << 20 && flash.eraseBlockSize == 0 && flash.pageSize == 1 && flash.oobSize == 0)
        #expect(flash.partitions?.map(\.name) == ["barebox", "barebox-environment", "kernel", "root"])
        #expect(flash.partitions?.map(\.offset) == [0, 0x40000, 0x50000, 0xA0000])
        #expect(flash.partitions?.map(\.size) == [0x40000, 0x10000, 0x50000, 0x60000])
        #expect(BareboxFlashDevice(try Self.reply("devinfo-missing")) == nil)
        func parts(_ table: String) -> [PartitionDefinition.Part]? {
            let text =
                "Parameters:\n  erasesize: 131072 (type: uint32)\n  oobsize: 64 (type: uint32)\n"
                + "  partitions: \(table) (type: string)\n  size: 1048576 (type: uint64)\n  writesize: 2048 (type: uint32)\n"
            return BareboxFlashDevice(ConsoleReply(text: text))?.partitions
        }
        #expect(parts("128k(a),128k@512k(b (c))") == nil)
        #expect(parts("128k(a),128k@512k(b)")?.map(\.offset) == [0, 512 << 10])
        #expect(parts("")?.isEmpty == true && parts("2M(a)") == nil && parts("nonsense") == nil)
    }

    @Test("The version and the board")
    func identity() throws {
        func facts(_ replies: [String: String]) throws -> BareboxFacts {
            // A session leaves out the echo and the prompt.
            BareboxFacts(
                try replies.mapValues { name in
                    let bytes = try Self.bytes(name)
                    let start = try #require(bytes.firstIndex(of: 0x0D))
                    let end = try #require(bytes.lastIndex(of: 0x0A))
                    return ConsoleReply(output: Array(bytes[start...end]))
                })
        }
        let commands = BareboxCommands()
        let known = try facts([commands.version(): "echo-version", commands.model(): "echo-model"])
        #expect(known.version == "2026.06.0" && known.board == "Sandbox")
        let unknown = try facts([commands.version(): "echo-nothing", commands.model(): "echo-nothing"])
        #expect(unknown.version == nil && unknown.board == nil)
    }

    @Test("Checksums are of the range that was asked for, and of no other")
    func checksums() throws {
        let fd0 = try #require(BareboxDeviceName(ByteText("fd0")))
        // What the recorded device held.
        let content = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 & 0xFF + ($0 >> 8) * 7) }
        #expect(
            BareboxChecksumReply(try Self.reply("crc32"), of: fd0, 0..<0x10000)
                == .sum(CRC32.sum(of: content)))
        #expect(
            BareboxChecksumReply(try Self.reply("crc32-part"), of: fd0, 0x100..<0x400)
                == .sum(CRC32.sum(of: content[0x100..<0x400])))
        // The device ends before the range does.
        #expect(BareboxChecksumReply(try Self.reply("crc32-past-end"), of: fd0, 0xFFF0..<0x10010) == nil)
        #expect(BareboxChecksumReply(try Self.reply("crc32"), of: fd0, 0..<0x8000) == nil)
        #expect(BareboxChecksumReply(try Self.reply("crc32-no-file"), of: fd0, 0..<0x10) == nil)
        let failed = ConsoleReply(text: "crc32 -f /dev/fd0 0x0+0x10\nread: Error 74\n")
        #expect(BareboxChecksumReply(failed, of: fd0, 0..<0x10) == .unreadable("read: Error 74"))
    }

    @Test("Lines of md, whole and short")
    func dumps() throws {
        let layout = HexDumpLine.Layout(isUppercase: false)
        let content = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 & 0xFF + ($0 >> 8) * 7) }
        for (name, range) in [
            ("md", 0..<0x100), ("md-offset", 0x3F8..<0x418), ("md-short", 0x10..<0x23), ("md-decimal", 16..<48),
            ("md-past-end", 0xFFF0..<0x10000),
        ] {
            let lines = HexDumpLine.lines(of: try Self.reply(name), layout)
            let bytes = lines.keys.sorted().flatMap { lines[$0] ?? [] }
            #expect(bytes == Array(content[range]), "\(name)")
            #expect(lines.keys.min() == UInt64(range.lowerBound))
        }
        for name in ["md-beyond", "md-bad-region", "md-no-file"] {
            #expect(HexDumpLine.lines(of: try Self.reply(name), layout).isEmpty, "\(name)")
        }
        // Bytes that the processor cannot read.
        let line = ByteText("00000000: xx xx xx xx 00 01 02 03  04 05 06 07 08 09 0a 0b   ................")
        #expect(HexDumpLine(line, layout) == nil)
    }

    @Test("Bad blocks")
    func badBlocks() {
        func list(_ text: String) -> BareboxBadBlocks? { BareboxBadBlocks(ConsoleReply(text: text)) }
        #expect(list("---- bad blocks ----\nNo bad blocks\n---- ECC regions ----\n")?.offsets == [])
        let some = list("---- bad blocks ----\nBlock at 0x00020000 is bad\nBlock at 0x00100000 is bad\n")
        #expect(some?.offsets == [0x20000, 0x100000] && some?.strayLines.isEmpty == true)
        #expect(list("---- bad blocks ----\n") == nil && list("nand: Command not found\n") == nil)
        #expect(list("---- bad blocks ----\nBlock at 0x00z20000 is bad\n")?.strayLines.count == 1)
    }

    @Test("Only plain names of whole devices are put into commands")
    func names() throws {
        for text in ["nand0.bb", "nor0.kernel", "a b", "", "-i", "a;b", "$x", "../mem", "a\u{1B}"] {
            #expect(BareboxDeviceName(ByteText(text)) == nil, "\(text)")
        }
        let name = try #require(BareboxDeviceName(ByteText("nor0")))
        let commands = BareboxCommands()
        #expect(try commands.dump(name, at: 0x1000, count: 0x400) == "md -b -s /dev/nor0 0x1000+0x400")
        #expect(try commands.checksum(name, at: 0, count: 16) == "crc32 -f /dev/nor0 0x0+0x10")
        #expect(throws: BareboxCommandFault.badRange) { try commands.dump(name, at: 0, count: 0) }
        #expect(throws: BareboxCommandFault.badRange) { try commands.checksum(name, at: 1 << 32 - 8, count: 16) }
    }

    @Test("Network interfaces, and commands that send from RAM alone")
    func network() throws {
        let devices = try #require(BareboxDevices(try Self.reply("devinfo")))
        #expect(devices.interfaces.map(\.text) == ["eth0"])
        for text in ["eth", "eth0.ipaddr", "eth1234", "tap0", "eth-1", ""] {
            #expect(BareboxInterfaceName(ByteText(text)) == nil, "\(text)")
        }
        let text =
            "Parent: tap0\nParameters:\n  ipaddr: 192.168.1.10 (type: ipv4)\n  netmask: 255.255.255.0 (type: ipv4)\n"
            + "  serverip: tftp.lan (type: string)\n"
        let interface = try #require(BareboxInterface(ConsoleReply(text: text)))
        #expect("\(interface.address)" == "192.168.1.10" && interface.server == nil)
        #expect(BareboxInterface(try Self.reply("devinfo-mtdram0")) == nil)
        #expect(BareboxInterface(try Self.reply("devinfo-missing")) == nil)
        #expect(interface.netmask.map { "\($0)" } == "255.255.255.0")
        let (commands, nor0) = (BareboxCommands(), try #require(BareboxDeviceName(ByteText("nor0"))))
        // Whatever a nonce holds, a name is a word of letters and digits.
        var names = TransferNames(nonce: "/d e;v/../nor0abc$")
        let file = names.next()
        #expect(
            try commands.copy(nor0, at: 0x1000, count: 0x400, to: file)
                == "memcpy -s /dev/nor0 -d /fkdevnor0an1 0x1000 0 0x400")
        #expect(commands.send(file) == "tftp -p /fkdevnor0an1 fkdevnor0an1")
        #expect(commands.remove(file) == "rm /fkdevnor0an1")
        #expect(
            try commands.transferExamples(nor0, at: 0, count: 16)
                == ["memcpy -s /dev/nor0 -d /FILE 0x0 0 0x10", "tftp -p /FILE FILE", "rm /FILE"])
        #expect(throws: BareboxCommandFault.badRange) { try commands.copy(nor0, at: 1 << 32 - 8, count: 16, to: file) }
    }

    // MARK: The console

    @Test("The start, the countdown and the prompt, at every chunking", arguments: [1, 3, 64, 10_000])
    func console(_ step: Int) throws {
        for (name, key) in [("countdown-ctrl-d", [UInt8(0x04)]), ("countdown-any", [0x04])] {
            var text = LoaderText(BareboxLoader())
            var signs: [LoaderSign] = []
            var rest = try Self.bytes(name)[...]
            while !rest.isEmpty {
                for case .sign(let sign) in text.feed(rest.prefix(step)) { signs.append(sign) }
                rest = rest.dropFirst(step)
            }
            guard case .starts(let banner)? = signs.first else {
                Issue.record("no start: \(signs)")
                continue
            }
            #expect(banner.hasPrefix("barebox 2026.06.0 #"))
            #expect(
                signs.dropFirst() == [
                    .countsDown(keys: [key], text: "Hit m for menu or any to stop autoboot: ")
                ], "\(signs)")
            #expect(text.promptCandidate == Array("barebox@Sandbox:/ ".utf8))
        }
        var reset = LoaderText(BareboxLoader())
        // It restarts, counts to the end, and fails to start a system.
        let signs = reset.feed(try Self.bytes("reset")).compactMap { event -> String? in
            guard case .sign(let sign) = event else { return nil }
            return switch sign {
            case .starts: "starts"
            case .countsDown: "counts"
            case .startsSystem(let line): line
            case .unknownCommand, .ended: "other"
            }
        }
        #expect(signs == ["starts", "counts", "Booting entry 'net'"])
    }

    @Test("Its words for an unknown command prove the prompt")
    func judged() throws {
        let recognizer = LoaderRecognizer(BareboxLoader())
        let prompt = Array("barebox@Sandbox:/ ".utf8)
        let reply = Array(try Self.bytes("unknown").dropFirst("blorp".utf8.count))
        #expect(recognizer.judge(reply, at: prompt) == .complains(prompt: prompt))
        #expect(recognizer.judge(Array("\r\nsh: blorp: not found\r\n# ".utf8), at: Array("# ".utf8)) == .no)
    }

    @Test("Other keys of the countdown")
    func keys() {
        func keys(_ line: String) -> [[UInt8]]? {
            guard case .countsDown(let keys, _)? = BareboxLoader().openSign(of: ByteText(line)) else { return nil }
            return keys
        }
        #expect(keys("Hit any to stop autoboot:    3") == [[0x04]])
        #expect(keys("Hit m for menu or any to stop autoboot:    3") == [[0x04]])
        // U-Boot's words, which its own recognizer takes.
        #expect(keys("Hit any key to stop autoboot:  3") == nil)
        #expect(keys("Hit ctrl-c to stop autoboot:    3") == [[0x03]])
        #expect(keys("Hit m for menu or x to stop autoboot:    3") == [[0x78]])
        #expect(keys("Hit m to stop autoboot: ") == nil && keys("Hit \u{07} to stop autoboot: ") == nil)
        #expect(keys("Hit any") == nil)
    }

    @Test("No recording makes a parser trap, at any cut")
    func cuts() throws {
        let name = try #require(BareboxDeviceName(ByteText("fd0")))
        for recording in try Self.names() {
            let bytes = try Self.bytes(recording)
            for end in stride(from: 0, through: bytes.count, by: max(1, bytes.count / 60)) {
                let reply = ConsoleReply(output: Array(bytes.prefix(end)))
                _ = (BareboxHelp(reply), BareboxDevices(reply), BareboxFlashDevice(reply), BareboxBadBlocks(reply))
                _ = BareboxInterface(reply)
                _ = BareboxChecksumReply(reply, of: name, 0..<0x10000)
            }
        }
    }
}
