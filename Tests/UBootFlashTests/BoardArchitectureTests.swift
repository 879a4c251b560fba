import FlashAccess
import ImageFormats
import Testing
import UBootFlash

/// Determines a board's processor family from its U-Boot.
@Suite struct BoardArchitectureTests {
    @Test(arguments: [
        ("arm-version-help", "arm-bdinfo", BoardArchitecture.arm), ("malta-version-help", "malta-bdinfo", .mips),
        ("sabrelite-version-help", "sabrelite-bdinfo", .arm),
        ("vexpress-2011.12-version-help", "vexpress-2011.12-bdinfo", .arm),
        ("vexpress-2018.03-version-help", "vexpress-2018.03-bdinfo", .arm),
    ])
    func boards(version: String, info: String, expected: BoardArchitecture) throws {
        let printed = try UBootTranscript(version)
        let board = UBootBoardInfo(try UBootTranscript(info).reply("bdinfo"))
        let help = UBootHelp(try printed.reply("help"))
        let reply = try printed.reply("version")
        #expect(BoardArchitecture.guess(version: reply, board: nil, help: nil) == expected)
        let guess = BoardArchitecture.guess(version: nil, board: board, help: help)
        #expect(guess == expected || (guess == nil && info == "arm-bdinfo"))
    }

    @Test func boardsInDoubt() throws {
        #expect(BoardArchitecture.guess(version: nil, board: nil, help: nil) == nil)
        let sandbox = UBootBoardInfo(try UBootTranscript("sandbox-2026.07-bdinfo").reply("bdinfo"))
        #expect(BoardArchitecture.guess(version: nil, board: sandbox, help: nil) == nil)
        let reply = UBootReply(text: "mips-linux-gcc (GCC) 4.8\narm-linux-ld 2.2\n")
        #expect(BoardArchitecture.guess(version: reply, board: nil, help: nil) == nil)
        let router = UBootReply(text: "U-Boot 1.1.4 (Jul  3 2014)\nmips-openwrt-linux-uclibc-gcc (GCC) 4.6\n")
        #expect(BoardArchitecture.guess(version: router, board: nil, help: nil) == .mips)
        let old = UBootBoardInfo(
            UBootReply(
                text: "memstart = 0x00000000\nmemsize = 0x08000000\nflashstart = 0x9F000000\nrelocaddr = 0x87FB0000\n"))
        #expect(BoardArchitecture.guess(version: nil, board: old, help: nil) == .mips)
        // Not only MIPS has memory at 0x80000000.
        let qualcomm = UBootBoardInfo(
            UBootReply(
                text: "arch_number = 0x8010006\n-> start = 0x80000000\n-> size = 0x10000000\nTLB addr = 0x8FFF0000\n"
                    + "relocaddr = 0x8FF00000\nreloc off = 0x45B00000\n"))
        #expect(BoardArchitecture.guess(version: nil, board: qualcomm, help: nil) == .arm)
    }
}
