import FlashAccess
import Testing
import UBootFlash

/// Output of NAND and MTD commands.
extension UBootParserTests {
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

        /// Failures from U-Boot's source that no recording has.
        @Test func writesThatFail() {
            let failures = [
                "\r\nNAND erase: device 0 offset 0x0, size 0x2000\r\n\r\nnand0: MTD Erase failure: -5\r\n\r\nOK\r\n",
                "Writing 512 byte(s) (1 page(s)) at offset 0x00000000\r\nFailure while writing at offset 0x0\r\n",
            ]
            for text in failures { #expect(UBootWriteResult(UBootParserTests.reply(text)).failure != nil) }
            // Decimal numbers, as in 1.3.4, cannot be compared.
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
            // If a line was lost, the dump is not silently shortened.
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
}
