import FlashAccess
import FlashModel
import RedBootFlash
import TestSupport
import Testing
import Transfers

/// Parsers of RedBoot's replies, on recordings and on damaged and hostile text.
@Suite("Parsers of RedBoot's replies")
struct RedBootParserTests {
    // MARK: version

    @Test(arguments: [("2003", 0x8000_D810), ("2006", 0x8000_CC60), ("2012", 0x8000_CBA8), ("be-2006", 0)])
    func version(generation: String, free: Int) throws {
        let version = try #require(
            RedBootVersion(try RedBootRecording("malta-\(generation)-version").reply("version")))
        #expect(version.startup == "ROM")
        #expect(version.platform == "Malta (MIPS32 4Kc)")
        #expect(version.release?.hasPrefix("Non-certified release, version UNKNOWN - built ") == true)
        #expect(version.memory == 0x8000_0400..<0x8200_0000)
        #expect(version.freeMemory.count == 1)
        #expect(version.freeMemory.first?.upperBound == 0x81EE_1000)
        if free > 0 { #expect(version.freeMemory.first?.lowerBound == UInt64(free)) }
        let chip = try #require(version.chips.first)
        #expect(version.chips.count == 1 && chip.range == 0xBE00_0000..<0xBE40_0000 && chip.blockSize == 0x1_0000)
        #expect(chip.isConsistent && version.strayLines.isEmpty)
    }

    private func version(_ lines: String...) -> RedBootVersion? {
        RedBootVersion(
            ConsoleReply(
                text: (["", "RedBoot(tm) bootstrap and debug environment [ROMRAM]"] + lines).joined(separator: "\r\n")
                    + "\r\n"))
    }

    @Test func vendors() throws {
        // A Fonera: the printed end is one block short.
        let fonera = try #require(
            version(
                "OpenWrt certified release, version 1.1 - built 22:32:28, May  7 2007", "Platform: ap51",
                "Board: ap51", "RAM: 0x80000000-0x81000000, [0x80040450-0x80fe1000] available",
                "FLASH: 0xa8000000 - 0xa87f0000, 128 blocks of 0x00010000 bytes each."))
        #expect(fonera.chips.map(\.size) == [8 << 20] && fonera.chips.first?.isConsistent == true)
        #expect(fonera.board == "ap51" && fonera.startup == "ROMRAM")
        // Boot blocks, and two chips, since 2009.
        let two = try #require(
            version(
                "FLASH: 0x50000000-0x507fffff, 63 x 0x20000 blocks, 4 x 0x8000 blocks",
                "FLASH: 0x60000000-0x600fffff, 16 x 0x10000 blocks"))
        #expect(two.chips.map(\.size) == [63 * 0x20000 + 4 * 0x8000, 1 << 20])
        #expect(two.chips.first?.blockSize == nil && two.chips.last?.blockSize == 0x10000)
        // A chip up to the end of the address space, as of PowerPC (made up after `flash.c`, _flash_info: `%p`).
        let high = try #require(version("FLASH: 0xff800000 - 0x00000000, 128 blocks of 0x00010000 bytes each."))
        #expect(high.chips.map(\.size) == [8 << 20] && high.chips.first?.isConsistent == true)
        #expect(
            version("FLASH: 0xbe000000 - 0x00000000, 64 blocks of 0x00010000 bytes each.")?.chips.first?.isConsistent
                == false)
        // Several parts of the RAM.
        let parts = try #require(version("RAM: 0x0-0x2000000, [0x20000-0x1fd0000], [0x1fe0000-0x1ff0000] available"))
        #expect(parts.freeMemory.count == 2)
    }

    @Test("Hostile numbers are no flash and no memory")
    func hostileVersion() throws {
        for line in [
            "FLASH: 0xbe000000 - 0xbe400000, 9223372036854775807 blocks of 0x00010000 bytes each.",
            "FLASH: 0xbe000000 - 0xbe400000, 64 blocks of 0x8000000000000000 bytes each.",
            "FLASH: 0xffff0000 - 0x100000000, 2 blocks of 0x00010000 bytes each.",
            "FLASH: 0x8000000000000000 - 0x8000000000010000, 1 blocks of 0x00010000 bytes each.",
            "FLASH: 0xbe000000 - 0xbe400000, 0 blocks of 0x00010000 bytes each.",
            "FLASH: 0xbe000000 - 0xbe400000, 64 blocks of 0x00000000 bytes each.",
            "FLASH: 0xbe000000 - 0xbe400000, 64 blocks of 0x00012345 bytes each.",
            "FLASH: -0xbe000000, 64 x 0x10000 blocks", "FLASH:", "FLASH: ,,,",
        ] {
            let found = try #require(version(line))
            #expect(found.chips.isEmpty && found.strayLines.count == 1, "\(line)")
        }
        #expect(version("RAM: 0x82000000-0x80000000, [0x80000000-0x81000000] available")?.freeMemory == [])
        #expect(version("RAM: 0x0-0x1000, [0x0-0xffffffffffff] available")?.freeMemory == [])
        #expect(RedBootVersion(ConsoleReply(text: "no banner\r\n")) == nil)
    }

    // MARK: help

    @Test(arguments: ["2003", "2006", "2012"])
    func help(generation: String) throws {
        let all = try #require(RedBootHelp(try RedBootRecording("malta-\(generation)-help").reply("help")))
        for name in ["cksum", "dump", "exec", "fconfig", "fis", "go", "ip_address", "load", "mfill", "version", "x"] {
            #expect(all.has(name), "\(name)")
        }
        #expect(all.has("mcopy") == (generation != "2003"))
        #expect(all.has("dump", option: "-s") && !all.has("dump", option: "-z") && !all.has("fis list"))
        let topics = try RedBootRecording("malta-\(generation)-help-topics")
        let fis = try #require(RedBootHelp(try topics.reply("help fis")))
        #expect(fis.has("fis list", option: "-c") && fis.has("fis write", option: "-f"))
        #expect(fis.has("fis unlock") == (generation == "2006"))
        #expect(RedBootHelp(try topics.reply("help zzz")) == nil)
    }

    @Test("A usage without end takes no time", .timeLimit(.minutes(1)))
    func endlessHelp() throws {
        let line = "    " + String(repeating: "x", count: 80) + "\r\n"
        let help = try #require(
            RedBootHelp(ConsoleReply(text: "Dump\r\n   dump -b\r\n" + String(repeating: line, count: 50_000))))
        #expect(help.has("dump", option: "-b") && (help.commands["dump"]?.utf8.count).map { $0 < 1_200 } == true)
    }

    // MARK: fis list

    @Test func imageLists() throws {
        let recording = try RedBootRecording("malta-2006-fis-create")
        let listed = try #require(recording.replies("fis list").last)
        let list = try #require(RedBootImageList(listed))
        #expect(list.rows.map(\.name) == ["RedBoot", "small", "linux", "dironly", "FIS directory", "RedBoot config"])
        #expect(list.row("small")?.length == 0x1234 && list.row("small")?.entryPoint == 0xFFFF_FFFF)
        #expect(list.row("FIS directory")?.flashAddress == 0xBE3F_0000)
        #expect(list.strayLines.isEmpty && !list.hasChecksums && !list.hasDataLengths)
        let sums = try #require(RedBootImageList(try recording.reply("fis list -c")))
        #expect(sums.hasChecksums && sums.row("linux")?.memoryAddress == 0x00AB_2B97)
        let lengths = try #require(RedBootImageList(try recording.reply("fis list -d")))
        #expect(lengths.hasDataLengths && lengths.row("small")?.length == 0x800)
        // 2003 keeps the order of the directory, and two images at one address.
        let old = try RedBootRecording("malta-2003-fis-create")
        let oldList = try #require(old.replies("fis list").last)
        let last = try #require(RedBootImageList(oldList))
        #expect(last.rows.map(\.name).suffix(4) == ["linux", "other", "small", "dironly"])
        #expect(last.rows.count { $0.flashAddress == 0xBE20_0000 } == 2)
        let blank = try #require(RedBootImageList(try RedBootRecording("malta-2006-fis-init").reply("fis list")))
        #expect(blank.rows.isEmpty && blank.strayLines.isEmpty)
    }

    @Test("Garbage in a damaged directory gives no rows")
    func damagedList() throws {
        let heading = "Name              FLASH addr  Mem addr    Length      Entry point\r\n"
        let list = try #require(
            RedBootImageList(
                ConsoleReply(
                    text: heading + "\u{1}\u{2}?            0xZZ000000  0xBE000000  0x00040000  0x00000000\r\n"
                        + "linux\r\n0xBE000000  0xBE000000  0x00040000  0x00000000\r\n"
                        + "two words here   0xBE200000  0x80100000  0xFFFFFFFF  0x80100000\r\n")))
        #expect(list.rows.map(\.name) == ["two words here"] && list.rows.first?.length == 0xFFFF_FFFF)
        #expect(list.strayLines.count == 3)
        #expect(RedBootImageList(ConsoleReply(text: "** Error: invalid flag 'c'\r\n")) == nil)
    }

    // MARK: Other replies

    @Test func settings() throws {
        for name in ["malta-2006-fconfig-set", "malta-be-2006-fconfig-set", "malta-2012-fconfig-set"] {
            let recording = try RedBootRecording(name)
            let reply = try #require(recording.replies("fconfig -l -n").last)
            let settings = try #require(RedBootSettings(reply))
            #expect(settings.values["boot_script"] == "true" && settings.values["bootp_my_ip"] == "10.0.0.2")
            #expect(settings.scripts["boot_script_data"] == ["fis load linux", "cache"])
            #expect(settings.values["boot_script_timeout"] == "3" && settings.hardwareAddresses.isEmpty)
        }
        let other = try #require(
            RedBootSettings(
                ConsoleReply(text: "npe_eth0_esa: 0x00:0xD0:0x12:0x02:0x47:0x6A\r\nbad_esa: 0x00:0x123:0:1:2:3\r\n")))
        #expect(other.hardwareAddresses == [[0x00, 0xD0, 0x12, 0x02, 0x47, 0x6A]])
    }

    @Test func addresses() throws {
        let recording = try RedBootRecording("malta-2006-ip")
        let own = try #require(RedBootNetworkAddresses(try recording.reply("ip_address")))
        #expect("\(own.board)" == "10.0.0.2" && own.server.map { "\($0)" } == "10.0.0.1" && own.hasMask)
        #expect(RedBootNetworkAddresses(try recording.reply("ip_address -l zz")) == nil)
        let old = try #require(
            RedBootNetworkAddresses(ConsoleReply(text: "IP: 10.0.0.2, Default server: 10.0.0.1\r\n")))
        #expect("\(old.board)" == "10.0.0.2" && !old.hasMask && old.server.map { "\($0)" } == "10.0.0.1")
    }

    @Test func loads() throws {
        let tftp = try RedBootRecording("malta-2006-load-tftp")
        func result(_ recording: RedBootRecording, _ command: String) throws -> RedBootLoadResult {
            RedBootLoadResult(try recording.reply(command))
        }
        let loaded = RedBootLoadResult.loaded(at: 0x8010_0000, count: 5_000)
        #expect(try result(tftp, "load -r -b 0x80100000 -m tftp -h 10.0.0.1 file.bin") == loaded)
        #expect(try result(tftp, "load -r -v -b 0x80100000 file.bin") == loaded)
        #expect(
            try result(tftp, "load -r -b 0x80100000 missing.bin")
                == .failed("Can't load 'missing.bin': file not found"))
        #expect(
            try result(tftp, "load -r -b 0x80100000 -h 10.0.0.99 file.bin")
                == .failed("Unable to reach host 10.0.0.99 (10.0.0.99)"))
        let http = try RedBootRecording("malta-2006-load-http")
        // It says so although nothing came.
        #expect(
            try result(http, "load -r -b 0x80100000 -m http -h 10.0.0.1 /none")
                == .loaded(at: 0x8010_0000, count: 0))
        for name in ["malta-2006-load-ymodem", "malta-2006-load-xmodem"] {
            let recording = try RedBootRecording(name)
            #expect(RedBootLoadResult(try #require(recording.exchanges.first).reply) == loaded, "\(name)")
        }
        for (name, why) in [("cancel", "Cancelled"), ("nobody", "Timed out")] {
            let recording = try RedBootRecording("malta-2006-load-ymodem-\(name)")
            #expect(
                RedBootLoadResult(try #require(recording.exchanges.first).reply)
                    == .failed("Can't load '<null>': \(why)"))
        }
        let errors = try RedBootRecording("malta-2006-go-errors")
        #expect(try result(errors, "load -r -m ymodem") == .failed("Raw load requires a memory address"))
        #expect(
            RedBootLoadResult(ConsoleReply(text: "Raw file loaded 0x0-0xffffffffffffffff, assumed\r\n")) == .unclear)
    }

    @Test(arguments: ["2003", "2006", "2012", "be-2006"])
    func writes(generation: String) throws {
        let recording = try RedBootRecording("malta-\(generation)-fis-write")
        let whole = "fis write -b 0x80100000 -l 0x10000 -f 0xbe300000"
        let results = recording.replies(whole).map { RedBootFlashResult($0) }
        #expect(results.map(\.done) == [[], [.erase, .program]])
        #expect(results.allSatisfy { $0.failure == nil })
        let outside = RedBootFlashResult(try recording.reply("fis write -b 0x80100000 -l 0x10000 -f 0xbe400000"))
        #expect(outside.failure == "Invalid FLASH address 0xbe400000: Invalid FLASH address" && !outside.isOfFlash)
        #expect(RedBootFlashResult(try recording.reply("fis write")).failure?.hasPrefix("*** invalid") == true)
        let question = try #require(
            recording.replies(whole).first.map { $0.lines.map { $0.string() }.joined(separator: "\n") })
        #expect(question.contains("about to program FLASH"))
    }

    @Test func failures() {
        let locked = RedBootFlashResult(
            ConsoleReply(
                text: "\r\n... Erase from 0xbe200000-0xbe210000: \r\nCan't erase region at 0xbe200000: "
                    + "Device/region is write-protected\r\n"))
        #expect(locked.isOfFlash && locked.isProtected && locked.done.isEmpty)
        for words in ["program", "erase"] {
            let own = RedBootFlashResult(
                ConsoleReply(text: "\r\nCan't \(words) this region - contains code in use!\r\n"))
            #expect(own.failure?.contains("code in use") == true && !own.isOfFlash)
        }
        let lock = RedBootFlashResult(ConsoleReply(text: "... Unlock from 0xbe300000-0xbe310000: .\r\n"))
        #expect(lock.done == [.unlock] && lock.failure == nil)
    }
}
