import FlashAccess
import Testing
import UBootFlash

/// Memory as printed by `md`.
@Suite struct UBootMemoryDumpTests {
    /// The same memory in every width, from all versions.
    @Test(arguments: [
        ("arm64-md", "4100000", 0x20, UBootMemoryDump.ByteOrder.little),
        ("sandbox-2026.07-md", "1100000", 0x40, .little),
        ("vexpress-2011.12-md", "40100000", 0x40, .little), ("vexpress-2013.07-md", "40100000", 0x40, .little),
        ("vexpress-2018.03-md", "40100000", 0x40, .little), ("malta-md", "be12cfe0", 0x40, .little),
        ("malta-be-md", "be12cfe0", 0x40, .big),
    ])
    func widths(name: String, address: String, count: Int, order: UBootMemoryDump.ByteOrder) throws {
        let transcript = try UBootTranscript(name)
        let start = try #require(UInt64(address, radix: 16))
        let bytes = UBootMemoryDump(
            try transcript.reply("md.b \(address) \(String(count, radix: 16))"), width: .byte)
        let expected = try #require(bytes.bytes(at: start, count: count))
        #expect(bytes.rejected == [])
        for width in [UBootMemoryDump.Width.word, .long, .quad] {
            let command = "md\(width.suffix) \(address) \(String(count / width.rawValue, radix: 16))"
            let reply = transcript.exchanges.first { $0.command == command }?.reply
            guard let reply else { continue }
            let dump = UBootMemoryDump(reply, width: width, order: order)
            // 32-bit boards print nothing for .q.
            if dump.lines.isEmpty, width == .quad { continue }
            #expect(dump.rejected == [])
            #expect(dump.bytes(at: start, count: count) == expected)
            #expect(UBootMemoryDump.order(of: reply, width: width) == order)
            let wrong = UBootMemoryDump(reply, width: width, order: order == .little ? .big : .little)
            #expect(wrong.lines.count < dump.lines.count)
        }
        #expect(bytes.bytes(at: start, count: count + 1) == nil)
        #expect(bytes.bytes(at: start + 1, count: 1) == nil)
    }

    /// A short last line, unpadded before 2013.04 and padded since; an odd start.
    @Test(arguments: ["vexpress-2011.12-md", "vexpress-2013.07-md", "vexpress-2018.03-md"])
    func shortLines(name: String) throws {
        let transcript = try UBootTranscript(name)
        let dump = UBootMemoryDump(try transcript.reply("md.b 40100000 14"), width: .byte)
        #expect(dump.bytes(at: 0x4010_0000, count: 20)?.suffix(4) == [0x29, 0xFE, 0x69, 0xBD])
        let odd = UBootMemoryDump(try transcript.reply("md.b 40100003 5"), width: .byte)
        #expect(odd.bytes(at: 0x4010_0003, count: 5) == [0xCB, 0xDE, 0x1F, 0xC1, 0xB0])
        let words = UBootMemoryDump(try transcript.reply("md.w 40100000 3"), width: .word)
        #expect(words.bytes(at: 0x4010_0000, count: 6) == [0x37, 0xCE, 0x91, 0xCB, 0xDE, 0x1F])
        let longs = UBootMemoryDump(try transcript.reply("md.l 40100000 5"), width: .long)
        #expect(longs.bytes(at: 0x4010_0000, count: 20)?.count == 20)
        #expect(UBootMemoryDump(try transcript.reply("md.q 40100000 2"), width: .quad).lines.isEmpty)
    }

    @Test func unpaddedWords() throws {
        let line = "80000000: 7 deab7e4e 0 0    ....N~..........\r\n"
        let dump = UBootMemoryDump(UBootReply(text: line), width: .long, isPadded: false)
        #expect(dump.bytes(at: 0x8000_0000, count: 8) == [7, 0, 0, 0, 0x4E, 0x7E, 0xAB, 0xDE])
        #expect(UBootMemoryDump(UBootReply(text: line), width: .long).rejected.count == 1)
    }

    /// With one damaged character anywhere, the line is rejected or its bytes are correct, except for a digit of a byte
    /// that has no character of its own, which only a checksum can detect.
    @Test func everyDamage() {
        let line = Array("40100000: 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50    ABCDEFGHIJKLMNOP\r\n".utf8)
        let truth = Array("ABCDEFGHIJKLMNOP".utf8)
        for position in line.indices.dropFirst(8).dropLast(2) {
            for byte in [0x20, 0x30, 0x3A, 0x41, 0x66, 0x7E, 0xFF] as [UInt8] where byte != line[position] {
                var damaged = line
                damaged[position] = byte
                let dump = UBootMemoryDump(UBootReply(output: damaged), width: .byte)
                #expect(dump.lines[0x4010_0000] == nil || dump.lines[0x4010_0000] == truth, "\(position) \(byte)")
            }
            var short = line
            short.remove(at: position)
            let dump = UBootMemoryDump(UBootReply(output: short), width: .byte)
            #expect(dump.lines[0x4010_0000] == nil || dump.lines[0x4010_0000] == truth, "without \(position)")
            var long = line
            long.insert(0x61, at: position)
            let other = UBootMemoryDump(UBootReply(output: long), width: .byte)
            #expect(other.lines[0x4010_0000] == nil, "with \(position)")
        }
    }

    @Test func contradiction() {
        let text = """
            00000010: 41                                                 A
            00000010: 42                                                 B
            00000010: 42                                                 B
            """
        let dump = UBootMemoryDump(UBootReply(text: text), width: .byte)
        #expect(dump.lines.isEmpty)
        #expect(dump.rejected.count == 2)
    }
}
