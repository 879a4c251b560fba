import FlashAccess
import FlashModel
import Testing
import UBootFlash

/// Checksums, and transfers over the network and the line.
extension UBootParserTests {
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
                ("malta-put-tftpboot", "tftpboot 81000000 empty.bin", .done(bytes: nil)),
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

        /// HiSilicon's `tftp`: the lines of posted logs, and those of its `net/tftp.c`.
        @Test(
            arguments: [
                (
                    "Upload Filename 'backup.bin'.\r\nUpload from address: 0x82000000, 8.000 MB to be send ...\r\n"
                        + "Uploading: #\t[ Connected ]\r\n################################\t[ 2.888 MB]\r\n"
                        + "################################\t[ 5.752 MB]\r\n#########################\r\n"
                        + "\t\t 8.000 MB upload ok.\r\n", .doneRounded(kibibytes: 8_192)
                ),
                (
                    "Download Filename 'f'.\nDownload to address: 0x82000000\nDownloading: *\u{8}#\t[ Connected ]\n"
                        + "%%#\n\t 1.1023 MB download ok.\n", .doneRounded(kibibytes: 2_047)
                ),
                (
                    "Upload Filename 'f'.\nUpload from address: 0x82000000, 0.004 MB to be send ...\nUploading: *\u{8}"
                        + "\nTFTP error: 'Access violation' (2)\nStarting again\n\n",
                    .refused(reason: "Access violation", code: 2)
                ),
                (
                    "Upload Filename 'f'.\nUpload from address: 0x82000000, 0.004 MB to be send ...\n"
                        + "Uploading: *\u{8}TTTTTTTTTT\nRetry count exceeded; starting again\n", .noAnswer
                ),
                (
                    "Upload Filename 'f'.\nUpload from address: 0x82000000, 8.000 MB to be send ...\nUploading: *\u{8}##",
                    .unclear
                ),
                ("\t 99999999999999999999.000 MB upload ok.\n", .unclear),
                ("\t 9223372036854775807.000 MB upload ok.\n", .unclear), ("\t 8.000 MB uploaded\n", .unclear),
            ] as [(String, Outcome)])
        func vendors(text: String, outcome: Outcome) {
            let start = "Using hieth device\r\nTFTP to server 192.168.20.169; our IP address is 192.168.20.80\r\n"
            let result = UBootTransferResult(UBootReply(text: start + text))
            #expect(result.outcome == outcome)
            #expect(result.server == "192.168.20.169" && result.ownAddress == "192.168.20.80")
            #expect(result.memory == (text.contains("0x82000000") ? 0x8200_0000 : nil))
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
