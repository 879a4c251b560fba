import FlashAccess
import FlashModel
import Testing
import UBootFlash

/// Output of parallel and serial NOR commands.
extension UBootParserTests {
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
            // What it calls the page size is the erase size.
            #expect(chip.pageSize == nil && chip.eraseSize == 4096)
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

        /// ECC errors are distinguished from other failures.
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
}
