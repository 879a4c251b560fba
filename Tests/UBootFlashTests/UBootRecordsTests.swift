import FlashAccess
import TestSupport
import Testing
import UBootFlash

/// S-records, as printed by real U-Boots.
@Suite struct UBootRecordsTests {
    @Test(
        "Recorded replies are accepted completely, and truncated ones in part",
        arguments: [
            ("arm-2026.07-saves", 0x4100_0000, 0x40), ("lab-malta-be-built-saves", 0xBE05_0000, 0x80),
            ("lab-malta-built-saves", 0xBE06_0000, 0x80), ("lab-virt-built-saves", 0xE_0000, 0x80),
        ])
    func recorded(name: String, start: Int, count: Int) throws {
        let bytes = try UBootTranscript.bytes(name)
        let whole = SRecords(UBootReply(output: bytes))
        #expect(whole.rejected == 0)
        for address in stride(from: start, to: start + count, by: 16) {
            #expect(whole.lines[UInt64(address)]?.count == 16, "\(name) \(address)")
        }
        for cut in 0..<bytes.count {
            let part = SRecords(UBootReply(output: Array(bytes[..<cut])))
            #expect(part.lines.allSatisfy { whole.lines[$0.key] == $0.value })
        }
    }

    @Test("A short last record is accepted", arguments: [0x4100_0040])
    func short(address: Int) throws {
        let records = SRecords(UBootReply(output: try UBootTranscript.bytes("arm-2026.07-saves")))
        #expect(records.lines[UInt64(address)] == Array("032083".utf8) || records.lines[UInt64(address)]?.count == 6)
    }

    @Test("No dropped, doubled or changed character is taken for memory")
    func damaged() throws {
        let bytes = try UBootTranscript.bytes("lab-malta-built-saves")
        let whole = SRecords(UBootReply(output: bytes)).lines
        for index in bytes.indices {
            var copies: [[UInt8]] = []
            for bit in 0..<8 {
                var copy = bytes
                copy[index] ^= 1 << UInt8(bit)
                copies.append(copy)
            }
            var copy = bytes
            copy.remove(at: index)
            copies.append(copy)
            copy = bytes
            copy.insert(bytes[index], at: index)
            copies.append(copy)
            for copy in copies {
                for (address, line) in SRecords(UBootReply(output: copy)).lines {
                    #expect(whole[address] == line, "\(index)")
                }
            }
        }
    }

    @Test("Of two different records with one address, neither is believed")
    func contradiction() {
        // The sum of the bytes is 06 + 01, and its complement is F8.
        let one = "S30600000000" + "01" + "F8\r\n"
        let other = "S30600000000" + "02" + "F7\r\n"
        func lines(_ text: String) -> [UInt64: [UInt8]] { SRecords(UBootReply(text: text)).lines }
        #expect(lines(one) == [0: [1]])
        #expect(lines(one + one) == [0: [1]])
        #expect(lines(one + other).isEmpty)
        #expect(lines(one + other + one).isEmpty)
    }

    @Test("Parsing random input ends", arguments: 1...50)
    func random(seed: Int) {
        var random = SplitMix64(state: UInt64(seed))
        let letters = Array("S3S315\r\n0123456789ABCDEFabcdef ".utf8)
        let noise = (0..<2_000).map { _ in letters.randomElement(using: &random) ?? 0 }
        _ = SRecords(UBootReply(output: noise))
    }
}
