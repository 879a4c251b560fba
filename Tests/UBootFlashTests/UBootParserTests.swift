import FlashAccess
import FlashModel
import Testing
import UBootFlash

/// The parsers one by one, on what real U-Boots printed and on what they could.
@Suite struct UBootParserTests {
    static func reply(_ text: String) -> UBootReply { UBootReply(text: text) }

    @Suite struct UBootIdentity {
        @Test(arguments: [
            ("malta-version-help", "2023.01+dfsg-2+deb12u3", "Jun 22 2026 - 08:38:07 +0000", 56),
            ("vexpress-2011.12-version-help", "2011.12", "Nov 21 2026 - 01:55:31", 41),
            ("vexpress-2018.03-version-help", "2018.03", "Nov 21 2026 - 01:47:09 +0000", nil),
            ("arm-2026.07-version-help", "2026.07", "Nov 21 2026 - 01:25:44 +0000", nil),
            ("arm-version-help", "2023.01+dfsg-2+deb12u3", "Jun 22 2026 - 08:38:07 +0000", nil),
            ("sabrelite-version-help", "2023.01", "Nov 21 2026 - 00:23:37 +0000", nil),
            ("vexpress-2013.07-version-help", "2013.07", "Nov 21 2026 - 01:52:46", nil),
        ])
        func versionAndHelp(name: String, version: String, date: String, count: Int?) throws {
            let transcript = try UBootTranscript(name)
            let parsed = try #require(UBootVersion(try transcript.reply("version")))
            #expect(parsed.text == version)
            #expect(parsed.date == date)
            let help = try #require(UBootHelp(try transcript.reply("help")))
            // Names that touch the dash, names alone on the line.
            for command in ["md", "crc32", "printenv", "tftpboot", "version", "?"] { #expect(help.has(command)) }
            #expect(help.commands["md"] == "memory display")
            #expect(help.commands["printenv"] == "print environment variables")
            if let count { #expect(help.commands.count == count) }
            #expect(!help.has("Usage:"))
        }

        @Test func usages() throws {
            let malta = try UBootTranscript("malta-version-help")
            let display = try #require(UBootUsage(try malta.reply("help md")))
            #expect(display.mentions(".q"))
            #expect(try #require(UBootUsage(try malta.reply("help crc32"))).mentions("-v") == false)
            let old = try UBootTranscript("vexpress-2011.12-version-help")
            #expect(try #require(UBootUsage(try old.reply("help crc32"))).mentions("-v address count crc"))
            #expect(UBootUsage(UBootParserTests.reply("nothing")) == nil)
        }

        @Test(arguments: [
            ("U-Boot 1.1.4 (Jul  3 2014 - 12:00:00)", 1, 1), ("U-Boot 1.1.4-g1234 (Dec 2 2012)", 1, 1),
            ("U-Boot 2010.06 (Jan 1 2013 - 00:00:00)", 2010, 6), ("ar7240> U-Boot 1.1.4", 1, 1),
        ])
        func oldVersions(line: String, major: Int, minor: Int) {
            let version = UBootVersion(UBootParserTests.reply(line + "\r\n"))
            #expect(version?.major == major)
            #expect(version?.minor == minor)
        }

        @Test func firstStageIsNone() {
            #expect(UBootVersion(UBootParserTests.reply("U-Boot SPL 2023.01 (Jan 01 2023)\r\n")) == nil)
            #expect(UBootVersion(UBootParserTests.reply("go to U-Boot 1 and do as it says there\r\n")) == nil)
        }
    }

    @Suite struct UBootNOR {
        @Test func malta() throws {
            let transcript = try UBootTranscript("malta-flinfo")
            let info = try #require(UBootFlashInfo(try transcript.reply("flinfo")))
            let bank = try #require(info.banks.first)
            #expect(info.banks.count == 1)
            #expect(bank.number == 1)
            #expect(bank.name == "CFI conformant flash (16 x 16)")
            #expect(bank.size == 4 << 20)
            #expect(bank.start == 0xBE00_0000)
            #expect(bank.isComplete)
            #expect(bank.sectorSizes == Array(repeating: 0x1_0000, count: 64))
            #expect(
                bank.sectors.filter(\.isReadOnly).map(\.start) == [
                    0xBE00_0000, 0xBE01_0000, 0xBE02_0000, 0xBE03_0000, 0xBE3E_0000, 0xBE3F_0000,
                ])
            #expect(bank.sectors.allSatisfy { !$0.isErased })
            for other in transcript.exchanges where other.command.hasPrefix("flinfo ") && !other.command.hasSuffix(" 1")
            {
                #expect(UBootFlashInfo(other.reply) == nil)
            }
        }

        @Test func twoBanks() throws {
            let info = try #require(UBootFlashInfo(try UBootTranscript("arm-flinfo").reply("flinfo")))
            #expect(info.banks.map(\.number) == [1, 2])
            #expect(info.banks.map(\.size) == [32 << 20, 32 << 20])
            #expect(info.banks.map(\.start) == [0, 0x400_0000])
            #expect(info.banks.map(\.isComplete) == [true, true])
            #expect(info.banks.last?.range == 0x400_0000..<0x600_0000)
        }

        @Test(arguments: ["vexpress-2011.12-flinfo", "vexpress-2013.07-flinfo", "vexpress-2018.03-flinfo"])
        func emptyMarks(name: String) throws {
            let info = try #require(UBootFlashInfo(try UBootTranscript(name).reply("flinfo 1")))
            let bank = try #require(info.banks.first)
            #expect(bank.size == 64 << 20)
            #expect(bank.isComplete)
            #expect(bank.sectors.count == 256)
            #expect(bank.sectors.first?.start == 0x4000_0000)
            #expect(bank.sectors.first?.isErased == true)
            #expect(bank.sectors.last?.start == 0x43FC_0000)
            #expect(bank.sectors[4].isErased == false)
        }

        @Test func missingAndTorn() throws {
            let info = try #require(
                UBootFlashInfo(
                    UBootParserTests.reply(
                        """

                        Bank # 1: missing or unknown FLASH type

                        Bank # 2: AMD AM29LV640
                          Size: 512 kB in 3 Sectors
                          Sector Start Addresses:
                            BF000000 (RO) BF010000 (RO) \r
                        """)))
            #expect(info.missing == [1])
            #expect(info.banks.map(\.size) == [512 << 10])
            #expect(info.banks.first?.isComplete == false)
            #expect(info.banks.first?.sectorSizes == nil)
            #expect(info.banks.first?.sectors.map(\.isReadOnly) == [true, true])
        }
    }

    @Suite struct UBootSerialNOR {
        @Test(arguments: ["sabrelite-sf", "sabrelite-2018.03-sf"]) func probes(name: String) throws {
            let transcript = try UBootTranscript(name)
            let chip = try #require(UBootSPIFlash(try transcript.reply("sf probe")))
            #expect(chip.name == "sst25vf016b")
            #expect(chip.size == 2 << 20)
            #expect(chip.pageSize == 256)
            #expect(chip.eraseSize == 4096)
            #expect(!chip.isCutAt16MiB)
            #expect(UBootSPIFlash(try transcript.reply("sf probe 0:1")) == nil)
            #expect(UBootSPIFlash(try transcript.reply("sf probe 9:0")) == nil)
            #expect(
                UBootReadResult(try transcript.reply("sf read 12000000 1100 80000")).outcome == .ok(bytes: 0x8_0000))
            #expect(
                UBootReadResult(try transcript.reply("sf read 12000000 0 200000")).outcome == .ok(bytes: 2 << 20))
            #expect(
                UBootReadResult(try transcript.reply("sf read 12000000 200000 10")).outcome
                    == .failed("Offset exceeds device limit"))
        }

        @Test func of2013() throws {
            let transcript = try UBootTranscript("sabrelite-2013.07-sf")
            let chip = try #require(UBootSPIFlash(try transcript.reply("sf probe")))
            #expect(chip.name == "SST25VF016B")
            #expect(chip.pageSize == 4096)
            #expect(chip.eraseSize == nil)
            #expect(UBootReadResult(try transcript.reply("sf read 12000000 0 1000")).outcome == .ok(bytes: 4096))
            #expect(
                UBootReadResult(try transcript.reply("sf read 12000000 1f0000 20000")).outcome
                    == .failed("ERROR: attempting read past flash size (0x200000)"))
            #expect(
                UBootReadResult(try transcript.reply("sf read 12000000 0 100")).outcome
                    == .failed("No SPI flash selected. Please run `sf probe'"))
            #expect(UBootChecksum(try transcript.reply("crc32 12000000 200000"))?.digest.hex == "e62104bb")
        }

        @Test func readsOfOOB() throws {
            let info = try UBootTranscript("sandbox-2026.07-nand-info")
            let virt = try UBootTranscript("arm-version-help")
            let help = "help nand"
            #expect(UBootFacts([help: try info.reply(help)]).readsRawNAND)
            #expect(!UBootFacts([help: try info.reply("mtd list")]).readsRawNAND)
            #expect(UBootFacts(["help mtd": try virt.reply("help mtd")]).readsRawMTD)
            let bad = try UBootTranscript("sandbox-2026.07-nand-badblock")
            #expect(UBootReadResult(try bad.reply("nand read.raw 1300000 4000 1")).outcome == .ok(bytes: 528))
            let flipped = try UBootTranscript("sandbox-2026.07-mtd-nand-bitflip")
            #expect(
                UBootReadResult(try flipped.reply("mtd read.raw.oob nand0 1300000 0 400")).outcome
                    == .silent(announced: 1024))
        }

        /// What the ECC had to do with it is told from other failures.
        @Test func failuresOfTheECC() throws {
            let transcript = try UBootTranscript("sandbox-2026.07-mtd-nand-bitflip")
            let corrected = UBootReadResult(try transcript.reply("mtd read nand0 1200000 0 8000"))
            #expect(corrected.outcome == .failed("Failure while reading at offset 0x0"))
            #expect(corrected.eccError == .corrected)
            let beyond = UBootReadResult(try transcript.reply("mtd read nand0 1200000 400000 200"))
            #expect(beyond.outcome == .failed("Failure while reading at offset 0x400000"))
            #expect(beyond.eccError == nil)
            let silent = UBootReadResult(try transcript.reply("nand read 1200000 0 4000"))
            #expect(silent.outcome == .ok(bytes: 0x4000))
            #expect(silent.eccError == nil)
            // `cmd/nand.c`, `drivers/mtd/nand/raw/nand_util.c`.
            let damaged = UBootReadResult(
                UBootReply(text: "NAND read from offset e00 failed -74\n 0 bytes read: ERROR\n"))
            #expect(damaged.outcome == .failed("NAND read from offset e00 failed -74"))
            #expect(damaged.eccError == .failed)
        }

        @Test func sandbox() throws {
            let transcript = try UBootTranscript("sandbox-2026.07-sf")
            #expect(UBootSPIFlash(try transcript.reply("sf probe"))?.eraseSize == 0x1_0000)
            #expect(
                UBootReadResult(try transcript.reply("sf read 8000000 0 1000")).outcome
                    == .failed("ERROR: trying to overwrite reserved memory..."))
        }

        @Test func otherForms() throws {
            let old = try #require(
                UBootSPIFlash(UBootParserTests.reply("8192 KiB hi_sfc at 0:0 is now current device\r\n")))
            #expect(old.size == 8 << 20)
            #expect(old.name == "hi_sfc")
            let cut = try #require(
                UBootSPIFlash(
                    UBootParserTests.reply(
                        "SF: Detected W25Q256 with page size 256 Bytes, erase size 4 KiB, total 32 MiB, mapped at 9f000000\r\n"
                            + "SF: Warning - Only lower 16MiB accessible, Full access #define CONFIG_SPI_FLASH_BAR\r\n")
                ))
            #expect(cut.size == 32 << 20)
            #expect(cut.isCutAt16MiB)
            #expect(UBootReadResult(UBootParserTests.reply("")).outcome == .silent(announced: nil))
            #expect(
                UBootReadResult(UBootParserTests.reply("SF: 4096 bytes @ 0x0 Read: ERROR -5\r\n")).outcome
                    == .failed("SF: 4096 bytes @ 0x0 Read: ERROR -5"))
        }
    }

    @Suite struct UBootNAND {
        @Test func info() throws {
            let transcript = try UBootTranscript("sandbox-2026.07-nand-info")
            let info = try #require(UBootNANDInfo(try transcript.reply("nand info")))
            #expect(info.devices.map(\.name) == ["nand0", "nand1"])
            #expect(info.devices.map(\.eraseSize) == [8192, 524_288])
            #expect(info.devices.map(\.pageSize) == [512, 4096])
            #expect(info.devices.map(\.oobSize) == [16, 224])
            #expect(info.devices.map(\.eccStrength) == [1, 4])
            #expect(info.devices.map(\.eccStepSize) == [256, 512])
            #expect(info.devices.map(\.size) == [nil, nil])
            let bad = try #require(UBootBadBlocks(try transcript.reply("nand bad")))
            #expect(bad.device == 0)
            #expect(bad.offsets == [])
            #expect(bad.isComplete)
            #expect(
                UBootEnvironment(try transcript.reply("printenv nand_writesize nand_oobsize nand_erasesize"))?
                    .address("nand_erasesize") == 0x2000)
            #expect(UBootBadBlocks(try transcript.reply("help nand")) == nil)
        }

        @Test func sizesInNames() {
            let old = UBootNANDInfo(
                UBootParserTests.reply("\r\nDevice 0: NAND 128MiB 3,3V 8-bit, sector size 128 KiB\r\n"))
            #expect(old?.devices.first?.size == 128 << 20)
            let two = UBootNANDInfo(
                UBootParserTests.reply("Device 0: 2x NAND 64MiB 3,3V 8-bit, sector size 32 KiB\r\n"))
            #expect(two?.devices.first?.size == 128 << 20)
            #expect(two?.devices.first?.chips == 2)
        }

        @Test func badBlocks() throws {
            let transcript = try UBootTranscript("sandbox-2026.07-nand-badblock")
            #expect(UBootBadBlocks(try transcript.reply("nand bad"))?.offsets == [0x4000])
            let bad = try #require(UBootBadBlocks(try transcript.reply("mtd bad nand0")))
            #expect(bad.offsets == [0x4000])
            #expect(bad.name == "nand0")
            let read = UBootReadResult(try transcript.reply("nand read 1200000 0 8000"))
            #expect(read.outcome == .ok(bytes: 32768))
            #expect(read.skipped == [0x4000])
            #expect(UBootReadResult(try transcript.reply("nand read.raw 1300000 4000 1")).outcome == .ok(bytes: 528))
            let new = UBootBadBlocks(
                UBootParserTests.reply("\r\nDevice 0 bad blocks:\r\n  0x00040000\r\n  0x07f80000\t (bbt reserved)\r\n"))
            #expect(new?.offsets == [0x4_0000, 0x7F8_0000])
            #expect(new?.reserved == [0x7F8_0000])
            #expect(
                UBootBadBlocks(UBootParserTests.reply("Device 1 bad blocks:\n  00040000\n  0g\n"))?.isComplete == false)
        }

        @Test func reads() throws {
            let transcript = try UBootTranscript("sandbox-2026.07-nand-rw")
            #expect(UBootReadResult(try transcript.reply("nand read 1200000 0 10000")).outcome == .ok(bytes: 65536))
            #expect(
                UBootReadResult(try transcript.reply("nand read 1200000 400000 1000")).outcome
                    == .failed("NAND read: Offset exceeds device limit"))
            if case .failed = UBootReadResult(try transcript.reply("nand read 1200000 100 10")).outcome {
            } else {
                Issue.record("a read that is not aligned fails")
            }
            let last = try UBootTranscript("sandbox-2026.07-mtd-last-block-bad")
            #expect(
                UBootReadResult(try last.reply("mtd read nand0 1200000 3fe000 200")).outcome
                    == .failed("Failure while reading at offset 0x400000"))
            let hang = try UBootTranscript("arm-mtd-hang-past-end")
            #expect(
                UBootReadResult(try hang.reply("mtd read nor1 41000000 3000000 10")).outcome == .silent(announced: 16))
        }

        @Test func writes() throws {
            let plain = try UBootTranscript("sandbox-2026.07-nand-rw")
            let erase = UBootWriteResult(try plain.reply("nand erase 0 10000"))
            #expect(erase.announced == 0..<0x1_0000)
            #expect(erase.complaint(.nandErase(0..<0x1_0000)) == nil)
            #expect(erase.complaint(.nandErase(0..<0x2000)) != nil)
            let write = UBootWriteResult(try plain.reply("nand write 1100000 0 10000"))
            #expect(write.announced == 0..<0x1_0000 && write.written == 0x1_0000)
            #expect(write.complaint(.nandWrite(0..<0x1_0000)) == nil)
            #expect(write.complaint(.nandWrite(0..<0x2000)) != nil)
            for command in ["nand write 1100000 0 2000", "nand erase 100 2000"] {
                let failed = UBootWriteResult(try plain.reply(command))
                #expect(failed.failure != nil, "\(command)")
                #expect(failed.complaint(.nandWrite(0..<0x2000)) == failed.failure, "\(command)")
            }
            let bad = try UBootTranscript("sandbox-2026.07-nand-badblock")
            for command in ["nand erase 4000 2000", "nand erase 2000 6000", "nand write 1100000 2000 6000"] {
                let result = UBootWriteResult(try bad.reply(command))
                #expect(result.skipped == [0x4000], "\(command)")
                #expect(result.complaint(.nandErase(result.announced ?? 0..<0)) != nil, "\(command)")
            }
            let mtd = try UBootTranscript("sandbox-2026.07-mtd-nand")
            let written = UBootWriteResult(try mtd.reply("mtd write nand1 1100000 0 200000"))
            #expect(written.complaint(.mtdWrite(0..<0x20_0000)) == nil)
            #expect(written.complaint(.mtdWrite(0..<0x1000)) != nil)
            let nor = try UBootTranscript("arm-mtd-write")
            let erased = UBootWriteResult(try nor.reply("mtd erase nor1 100000 20000"))
            #expect(erased.complaint(.mtdErase(0x10_0000..<0x12_0000)) == nil)
            for command in ["mtd erase nor1 100100 20000", "mtd erase nor1 100000 100"] {
                #expect(UBootWriteResult(try nor.reply(command)).failure != nil, "\(command)")
            }
        }

        /// What the recordings lack, as the source has it.
        @Test func writesThatFail() {
            let failures = [
                "\r\nNAND erase: device 0 offset 0x0, size 0x2000\r\n\r\nnand0: MTD Erase failure: -5\r\n\r\nOK\r\n",
                "Writing 512 byte(s) (1 page(s)) at offset 0x00000000\r\nFailure while writing at offset 0x0\r\n",
            ]
            for text in failures { #expect(UBootWriteResult(UBootParserTests.reply(text)).failure != nil) }
            // In decimal, as in 1.3.4: nothing that could be compared.
            let old = UBootWriteResult(
                UBootParserTests.reply("\r\nNAND erase: device 0 offset 524288, size 16384 ... OK\r\n"))
            #expect(old.complaint(.nandErase(0x8_0000..<0x8_4000)) == nil)
            let silent = UBootWriteResult(UBootParserTests.reply(""))
            #expect(silent.complaint(.nandWrite(0..<512)) != nil && silent.complaint(.mtdWrite(0..<512)) != nil)
            #expect(silent.complaint(.nandErase(0..<512)) == nil && silent.complaint(.mtdErase(0..<512)) == nil)
        }

        @Test(arguments: ["sandbox-2026.07-nand-dump", "sandbox-2026.07-nand-dump-bitflip"])
        func dumps(name: String) throws {
            let transcript = try UBootTranscript(name)
            let page = try #require(UBootPageDump(try transcript.reply("nand dump 0")))
            #expect(page.offset == 0)
            #expect(page.data.count == 512)
            #expect(page.data.prefix(4) == [0xFC, 0xEB, 0x62, 0x44])
            #expect(page.oob.count == 16)
            #expect(page.oob.prefix(4) == [0x96, 0xA5, 0xA7, 0xC0])
            #expect(page.rejected == [])
            let oob = try #require(UBootPageDump(try transcript.reply("nand dump.oob 200")))
            #expect(oob.offset == 0x200)
            #expect(oob.data == [])
            #expect(oob.oob.count == 16)
        }

        @Test func dumpsOfOldAndOfMTD() throws {
            let line = "\t" + Array(repeating: "ff", count: 8).joined(separator: " ")
            let old = UBootPageDump(
                UBootParserTests.reply(
                    "Page 00020000 dump:\r\n\(line)  \(line.dropFirst())\r\nOOB:\r\n\(line)\r\n\(line)\r\n"))
            #expect(old?.offset == 0x2_0000)
            #expect(old?.data.count == 16)
            #expect(old?.oob.count == 16)
            let mtd = try UBootTranscript("arm-mtd")
            let page = try #require(UBootPageDump(try mtd.reply("mtd dump nor1 100000 20")))
            #expect(page.offset == 0x10_0000)
            #expect(page.data.count == 32)
            #expect(page.data.prefix(3) == [0x37, 0xCE, 0x91])
            #expect(UBootPageDump(try mtd.reply("mtd dump nor0 100000 14"))?.data.count == 20)
            let reply = try UBootTranscript("sandbox-2026.07-mtd-nand").reply("mtd dump.oob nand1 100000 1000")
            let whole = try #require(UBootPageDump(reply))
            #expect(whole.isWhole)
            #expect(whole.data == [UInt8](repeating: 0x22, count: 4096))
            #expect(whole.oob.count == 224)
            #expect(whole.oob.suffix(4) == [0x01, 0x55, 0xBF, 0x00])
            // A line lost on the way: what follows has not moved up in silence.
            let lines = reply.output.split(separator: 10, omittingEmptySubsequences: false)
            let torn = UBootReply(output: Array((lines[..<20] + lines[21...]).joined(separator: [10])))
            #expect(UBootPageDump(torn)?.isWhole == false)
        }
    }

    @Suite struct UBootMTD {
        @Test(arguments: ["arm-mtd", "arm-2026.07-mtd"]) func nor(name: String) throws {
            let list = try #require(UBootMTDList(try UBootTranscript(name).reply("mtd list")))
            #expect(list.devices.map(\.name) == ["nor0", "nor1"])
            #expect(list.devices.map(\.size) == [32 << 20, 32 << 20])
            #expect(list.devices.map(\.blockSize) == [0x2_0000, 0x2_0000])
            #expect(list.devices.allSatisfy { $0.type == "NOR flash" && $0.parts.isEmpty && $0.pageSize == 1 })
            #expect(list.strayLines == [])
        }

        @Test func nand() throws {
            let list = try #require(UBootMTDList(try UBootTranscript("sandbox-2026.07-nand-info").reply("mtd list")))
            #expect(list.devices.map(\.size) == [4 << 20, 4 << 30])
            #expect(list.devices.map(\.oobSize) == [16, 224])
            #expect(list.devices.map(\.eccStrength) == [1, 4])
            #expect(list.devices.map(\.driver) == ["sand-nand", "sand-nand"])
        }

        @Test func nestedParts() throws {
            let text = """
                List of MTD devices:
                * spi-nand0
                  - driver: spi_nand
                  - type: NAND flash
                  - block size: 0x20000 bytes
                  - 0x000000000000-0x000008000000 : "spi-nand0"
                \t  - 0x000000000000-0x000000100000 : "bl2"
                \t  - 0x000000100000-0x000008000000 : "ubi "x""
                \t\t  - 0x000000000000-0x000000200000 : "kernel"
                \t\t  - 0x000000200000-0x000099900000 : "far"
                """
            let device = try #require(UBootMTDList(UBootParserTests.reply(text))?.devices.first)
            #expect(device.parts.map(\.name) == ["bl2", "ubi \"x\"", "kernel", "far"])
            #expect(device.parts.map(\.offset) == [0, 0x10_0000, 0x10_0000, 0x30_0000])
            #expect(device.parts.map(\.parent) == [nil, nil, 1, 1])
            #expect(UBootMTDList(UBootParserTests.reply(text))?.strayLines.count == 1)
        }

        @Test func parts() throws {
            let text = """

                device nand0 <nand0>, # parts = 2
                 #: name\t\tsize\t\toffset\t\tmask_flags
                 0: u-boot              0x00100000\t0x00000000\t1
                 1: a-name-of-twenty-oct0x07f00000\t0x00100000\t0

                active partition: nand0,0 - (u-boot) 0x00100000 @ 0x00000000

                defaults:
                mtdids  : nand0=nand0
                mtdparts: mtdparts=nand0:1m(u-boot),-(x)
                """
            let parts = try #require(UBootMTDParts(UBootParserTests.reply(text)))
            #expect(parts.devices.map(\.id) == ["nand0"])
            #expect(parts.devices.first?.isComplete == true)
            #expect(parts.devices.first?.parts.map(\.name) == ["u-boot", "a-name-of-twenty-oct"])
            #expect(parts.devices.first?.parts.map(\.size) == [0x10_0000, 0x7F0_0000])
            #expect(parts.devices.first?.parts.map(\.offset) == [0, 0x10_0000])
            #expect(parts.devices.first?.parts.map(\.flags) == [1, 0])
            let net = """
                device nand0 <gpmi-nand>, # parts = 2
                 #: name\t\tsize\t\tnet size\toffset\t\tmask_flags
                 0: boot                0x00100000\t0x000e0000 (!)\t0x00000000\t0
                 1: rest                0x00f00000\t0x00f00000\t0x00100000\t0
                """
            #expect(UBootMTDParts(UBootParserTests.reply(net))?.devices.first?.parts.map(\.offset) == [0, 0x10_0000])
            #expect(UBootMTDParts(try UBootTranscript("arm-mtd").reply("mtdparts")) == nil)
            #expect(
                UBootMTDParts(UBootParserTests.reply("mtdids not defined, no default present\r\n"))?.problem
                    == "mtdids not defined, no default present")
        }

        @Test func variables() {
            #expect(
                UBootPartitionVariables.ids("nand0=gpmi-nand,nor0=spi0.0") == ["nand0": "gpmi-nand", "nor0": "spi0.0"])
            let definitions = UBootPartitionVariables.definitions("mtdparts=spi0.0:256k(u-boot)ro,-(firmware)")
            #expect(definitions.first?.parts.map(\.name) == ["u-boot", "firmware"])
            #expect(
                UBootPartitionVariables.definitions("armflash:1M@0x800000(uboot),7M@0x1000000(kernel)").first?
                    .parts.map(\.offset) == [0x80_0000, 0x100_0000])
        }
    }

    @Suite struct UBootVariables {
        @Test(arguments: [
            ("malta-printenv", 140, 7), ("vexpress-2011.12-printenv", 692, 20), ("vexpress-2013.07-printenv", 720, 21),
            ("vexpress-2018.03-printenv", 4076, nil), ("arm-printenv", 4734, nil), ("sabrelite-printenv", 4101, nil),
        ])
        func environments(name: String, used: Int, count: Int?) throws {
            let environment = try #require(UBootEnvironment(try UBootTranscript(name).reply("printenv")))
            #expect(environment.usedSize == used)
            #expect(environment.addsUp == true)
            #expect(environment.strayLines == [])
            #expect(!environment.usesNetworkConsole)
            if let count { #expect(environment.variables.count == count) }
        }

        @Test func oneByOne() throws {
            let transcript = try UBootTranscript("malta-printenv")
            let environment = try #require(UBootEnvironment(try transcript.reply("printenv baudrate nosuch ethaddr")))
            #expect(environment.variables == ["baudrate": "115200", "ethaddr": "52:54:00:12:34:56"])
            #expect(environment.undefined == ["nosuch"])
            #expect(environment.addsUp == nil)
            var torn = try transcript.reply("printenv")
            torn.output.remove(at: 20)
            #expect(UBootEnvironment(torn)?.addsUp == false)
            #expect(UBootEnvironment(UBootParserTests.reply("stdout=serial,nc\n"))?.usesNetworkConsole == true)
        }

        @Test(
            arguments: [
                ("arm-bdinfo", [0x4000_0000..<0x5000_0000], 0x4FF3_8000, 0x4EDF_7E90, 2),
                ("arm-2026.07-bdinfo", [0x4000_0000..<0x5000_0000], 0x4F6C_9000, 0x4E56_7FE0, 2),
                ("arm64-bdinfo", [0x4000_0000..<0x6000_0000], 0x5FEF_7000, 0x5EDB_6DA0, 2),
                ("malta-bdinfo", [0x8000_0000..<0x9000_0000], 0x8FFB_0000, nil, 3),
                ("malta-be-bdinfo", [0x8000_0000..<0x9000_0000], 0x8FFB_0000, nil, 3),
                ("sabrelite-2013.07-bdinfo", [0x1000_0000..<0x5000_0000], 0x4FF6_3000, 0x4F56_0F28, 0),
                ("sabrelite-2018.03-bdinfo", [0x1000_0000..<0x5000_0000], 0x4FF5_8000, 0x4F55_5E90, 0),
                ("sabrelite-bdinfo", [0x1000_0000..<0x5000_0000], 0x4EF8_2000, 0x4E57_FE80, 2),
                ("sandbox-2026.07-bdinfo", [0..<0x1000_0000], 0xEBD_4000, nil, 3),
                (
                    "vexpress-2011.12-bdinfo", [0x6000_0000..<0x7000_0000, 0x8000_0000..<0x8000_0004], 0x6FF9_2000,
                    0x6FEF_1F58, 0
                ),
                (
                    "vexpress-2013.07-bdinfo", [0x6000_0000..<0x7000_0000, 0x8000_0000..<0x8000_0004], 0x6FF8_F000,
                    0x6FEE_EF30, 0
                ),
                (
                    "vexpress-2018.03-bdinfo", [0x6000_0000..<0x7000_0000, 0x8000_0000..<0x8000_0004], 0x6FF9_7000,
                    0x6FEF_6ED0, 0
                ),
            ] as [(String, [Range<UInt64>], UInt64, UInt64?, Int)])
        func boards(name: String, banks: [Range<UInt64>], relocation: UInt64, stack: UInt64?, reserved: Int) throws {
            let board = try #require(UBootBoardInfo(try UBootTranscript(name).reply("bdinfo")))
            #expect(board.banks == banks)
            #expect(board.relocationAddress == relocation)
            #expect(board.stackPointer == stack)
            #expect(board.reserved.count == reserved)
            #expect(board.baudRate == (name.hasPrefix("vexpress") ? 38400 : 115_200))
        }
    }

    @Suite struct UBootSums {
        @Test(
            arguments: [
                ("arm-crc32", "crc32 4100000 20000", 0x410_0000, 0x2_0000, "b9856f20"),
                ("arm-2026.07-crc32", "crc32 4100000 10000", 0x410_0000, 0x1_0000, "2bcc1c2c"),
                ("arm64-crc32", "crc32 4300000 20000", 0x430_0000, 0x2_0000, "154803cc"),
                ("malta-crc32", "crc32 be249000 5", 0xBE24_9000, 5, "b4fde46c"),
                ("malta-be-crc32", "crc32 be122000 10000", 0xBE12_2000, 0x1_0000, "471c0b24"),
                ("sandbox-2026.07-crc32", "hash crc32 1100000 10000", 0x110_0000, 0x1_0000, "38671c49"),
                ("vexpress-2011.12-crc32", "crc32 41000000 10000", 0x4100_0000, 0x1_0000, "deab7e4e"),
                ("vexpress-2013.07-crc32", "crc32 40100000 10000", 0x4010_0000, 0x1_0000, "2bcc1c2c"),
                ("vexpress-2018.03-crc32", "crc32 41000000 20000", 0x4100_0000, 0x2_0000, "154803cc"),
            ] as [(String, String, UInt64, UInt64, String)])
        func sums(name: String, command: String, address: UInt64, count: UInt64, hex: String) throws {
            let sum = try #require(UBootChecksum(try UBootTranscript(name).reply(command)))
            #expect(sum.digest == Digest(algorithm: .crc32, hex: hex))
            #expect(sum.covers(address, count: count))
            #expect(!sum.covers(address, count: count + 1))
            #expect(!sum.covers(address + 1, count: count))
            #expect(sum.expected == nil)
        }

        @Test func verified() throws {
            let sum = UBootChecksum(
                try UBootTranscript("arm-2026.07-crc32").reply("crc32 -v 4100000 10000 12345678"))
            #expect(sum?.expected == "12345678")
            #expect(sum?.digest.hex == "2bcc1c2c")
            let sandbox = try UBootTranscript("sandbox-2026.07-crc32")
            #expect(UBootChecksum(try sandbox.reply("crc32 -v 1100000 10000 38671c49")) == nil)
            #expect(
                UBootChecksum(try sandbox.reply("hash md5 1100000 10"))?.digest
                    == Digest(algorithm: .md5, hex: "d5d917b372e397266f5985c1b4ca5d47"))
            let malta = try UBootTranscript("malta-crc32")
            #expect(UBootChecksum(try malta.reply("crc32 be122000 0"))?.covers(0xBE12_2000, count: 0) == true)
            #expect(UBootChecksum(try malta.reply("crc32 be122000")) == nil)
        }

        @Test(arguments: [
            "crc32 for 04100000 ... 0410ffff ==> 2bcc1c2", "crc32 for 04100000 ... 0410ffff ==> 2bcc1c2g",
            "crc32 for 0410000 ... 0410ffff ==> 2bcc1c2c", "crc32 for 04100000 .. 0410ffff ==> 2bcc1c2c",
            "crc32 for 04100000 ... 0410ffff => 2bcc1c2c", "crc32 for 04100000 ... 0000ffff ==> 2bcc1c2c",
        ])
        func damaged(line: String) {
            #expect(UBootChecksum(UBootParserTests.reply(line + "\r\n")) == nil)
        }
    }

    @Suite struct UBootTransfers {
        typealias Outcome = UBootTransferResult.Outcome

        @Test(
            arguments: [
                ("malta-put-tftpboot", "tftpboot 81000000 image.bin", .done(bytes: 1_048_576)),
                ("malta-put-tftpboot", "tftpboot 81000000 small.bin", .done(bytes: 70)),
                ("malta-put-tftpboot", "tftpboot 81000000 empty.bin", .done(bytes: 0)),
                ("malta-put-tftpboot", "tftp 81000000 10.0.2.2:small.bin", .unclear),
                (
                    "malta-put-tftpboot-missing", "tftpboot 81000000 nosuch.bin",
                    .refused(reason: "File not found", code: 1)
                ),
                ("malta-put-tftpboot-no-options", "tftpboot 81000000 image.bin", .done(bytes: 1_048_576)),
                ("malta-put-tftp-noip", "tftpboot 81000000 10.0.2.2:image.bin", .notSet("ipaddr")),
                ("malta-put-tftpput", "tftpput 81000000 100000 out.bin", .done(bytes: 1_048_576)),
                ("malta-put-tftpput", "tftpput 81000000 46 10.0.2.2:out2.bin", .done(bytes: 70)),
                ("malta-put-tftpput", "tftpput 81000000", .unclear),
                (
                    "malta-put-tftpput-access", "tftpput 81000000 100000 out4.bin",
                    .refused(reason: "Access violation", code: 2)
                ),
                ("malta-put-tftpput-arp-fails", "tftpput 81000000 100000 10.0.2.77:x.bin", .noHost),
                (
                    "malta-put-tftpput-diskfull-mid", "tftpput 81000000 100000 out6.bin",
                    .refused(reason: "Disk full or allocation exceeded", code: 3)
                ),
                (
                    "malta-put-tftpput-diskfull", "tftpput 81000000 100000 out5.bin",
                    .refused(reason: "Disk full or allocation exceeded", code: 3)
                ),
                ("malta-put-tftpput-no-answer", "tftpput 81000000 100000 x.bin", .noAnswer),
                ("malta-put-tftpput-no-answer-netretry-no", "tftpput 81000000 100000 x.bin", .noAnswer),
                ("malta-put-tftpput-no-options", "tftpput 81000000 8000 out3.bin", .noAnswer),
                ("malta-put-tftpput-port-unreachable", "tftpput 81000000 100000 x.bin", .noAnswer),
                ("malta-put-tftpput-stalls-ctrlc", "tftpput 81000000 100000 x.bin", .noAnswer),
                ("arm-2026.07-tftpboot", "tftpboot 41000000 image.bin", .done(bytes: 1_048_576)),
                ("arm-2026.07-tftpboot", "tftpboot 4ff00000 image.bin", .reservedMemory),
                ("arm-2026.07-tftpput", "tftpput 41000000 1000 out2.bin", .done(bytes: 4096)),
                (
                    "arm-2026.07-tftpput-access", "tftpput 41000000 8000 out3.bin",
                    .refused(reason: "Access violation", code: 2)
                ),
                ("arm-2026.07-tftpput-no-options", "tftpput 41000000 8000 out3.bin", .done(bytes: 32768)),
                ("vexpress-2018.03-tftpboot", "tftpboot 61000000 small.bin", .done(bytes: 70)),
                ("vexpress-2018.03-tftpboot-no-answer", "tftpboot 61000000 image.bin", .noAnswer),
                ("vexpress-2018.03-tftpput", "tftpput 61000000 100000 out.bin", .done(bytes: 1_048_576)),
                ("sabrelite-put-no-ethaddr", "tftpput 12000000 100 10.0.2.2:x", .noEthernet),
            ] as [(String, String, Outcome)])
        func outcomes(name: String, command: String, outcome: Outcome) throws {
            let result = UBootTransferResult(try UBootTranscript(name).reply(command))
            #expect(result.outcome == outcome)
            if case .done = outcome {
                #expect(result.server == "10.0.2.2")
                #expect(result.ownAddress == "10.0.2.15")
                #expect(result.memory != nil)
                #expect(result.device != nil)
            }
        }

        @Test func serial() throws {
            #expect(UBootSerialLoad(try UBootTranscript("arm-loady").reply("loady 41000000")) == .done(bytes: 5000))
            let cancelled = try UBootTranscript("malta-put-load-prompts")
            for command in ["loady 81000000", "loadx 81000000", "loadb 81000000"] {
                #expect(UBootSerialLoad(try cancelled.reply(command)) == .failed)
            }
            #expect(UBootSerialLoad(try cancelled.reply("help loadb")) == nil)
        }
    }
}
