import FlashAccess
import Testing
import UBootFlash

/// The parsers, with output of real U-Boots and other possible output.
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
            // Names that touch the dash, and names alone on a line.
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
}
