import ImageFormats
import Testing
import UBootFlash

/// Command lines for U-Boot.
@Suite struct UBootCommandsTests {
    let commands = UBootCommands()

    @Test func lines() throws {
        #expect(try commands.memoryDisplay(.byte, at: 0x8000_0000, count: 0x100) == "md.b 80000000 100")
        #expect(try commands.memoryDisplay(.quad, at: 0x1000, count: 2) == "md.q 1000 2")
        #expect(try commands.crc32(at: 0x410_0000, count: 0x1_0000) == "crc32 4100000 10000")
        #expect(try commands.crc32(at: 0x10, count: 1, storeAt: 0x20) == "crc32 10 1 20")
        #expect(try commands.crc32(at: 0x10, count: 1, verify: 0x12) == "crc32 -v 10 1 00000012")
        #expect(try commands.crc32(at: 0x10, count: 1, verifyStoredAt: 0xFF) == "crc32 -v 10 1 *ff")
        #expect(try commands.spiProbe(bus: 0, chipSelect: 1) == "sf probe 0:1")
        #expect(try commands.spiRead(to: 0x1200_0000, offset: 0, count: 0x1000) == "sf read 12000000 0 1000")
        #expect(try commands.nandReadRaw(to: 0x120_0000, offset: 0x4000, pages: 1) == "nand read.raw 1200000 4000 1")
        #expect(
            try commands.mtdRead("nor1", to: 0x4100_0000, offset: 0x10_0000, count: 0x2_0000)
                == "mtd read nor1 41000000 100000 20000")
        #expect(
            try commands.tftpPut(from: 0x8100_0000, count: 70, file: "a.bin", host: "10.0.2.2")
                == "tftpput 81000000 46 10.0.2.2:a.bin")
        #expect(try commands.setEnvironment("serverip", "10.0.2.2") == "setenv serverip 10.0.2.2")
        #expect(try commands.setEnvironment("serverip", "") == "setenv serverip")
        #expect(try commands.setBaudRate(921_600) == "setenv baudrate 921600")
        #expect(try commands.start(.bootz, at: 0x80, deviceTree: 0x90) == "bootz 80 - 90")
        #expect(
            try commands.copy(.byte, from: 0xBE00_0000, to: 0x8100_0000, count: 16, flash: [0xBE00_0000..<0xBE40_0000])
                == "cp.b be000000 81000000 10")
    }

    @Test(arguments: [
        "a;b", "a b", "a'b", "a\"b", "a\nb", "a\rb", "$x", "${x}", "a\\b", "a&b", "a|b", "", "é", "#x", "a\u{3}",
    ])
    func unsafeWords(word: String) {
        #expect(throws: UBootCommandFault.unsafeWord(word)) {
            try commands.tftpGet(to: 0x8000_0000, file: word)
        }
        #expect(throws: UBootCommandFault.self) { try commands.mtdBad(word) }
        #expect(throws: UBootCommandFault.self) { try commands.setEnvironment(word, "1") }
    }

    @Test func whatWouldHarm() {
        #expect(throws: UBootCommandFault.writesFlash(0x4000_0000..<0x4400_0000)) {
            try commands.copy(.long, from: 0x8000_0000, to: 0x3FFF_FFFC, count: 2, flash: [0x4000_0000..<0x4400_0000])
        }
        #expect(throws: UBootCommandFault.cutsTheConsole("stdout")) { try commands.setEnvironment("stdout", "nc") }
        #expect(throws: UBootCommandFault.self) { try commands.setEnvironment("-f", "x") }
        #expect(throws: UBootCommandFault.self) { try commands.setEnvironment("a", "x  y") }
        #expect(throws: UBootCommandFault.badRange) { try commands.memoryDisplay(.quad, at: 0, count: .max) }
        #expect(throws: UBootCommandFault.badRange) { try commands.crc32(at: .max, count: 2) }
        #expect(throws: UBootCommandFault.badRange) { try commands.spiRead(to: 0, offset: 0, count: 0) }
        #expect(throws: UBootCommandFault.tooManyWords(18)) {
            try commands.setEnvironment("a", Array(repeating: "x", count: 16).joined(separator: " "))
        }
        #expect(throws: UBootCommandFault.lineTooLong(309)) {
            try commands.setEnvironment("a", String(repeating: "x", count: 300))
        }
    }
}
