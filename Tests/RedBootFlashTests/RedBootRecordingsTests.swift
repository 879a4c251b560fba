import BoardConsoles
import FlashAccess
import FlashModel
import RedBootFlash
import TestSupport
import Testing

/// Parses every recording of a real RedBoot, at every chunking.
@Suite("Recordings of real RedBoots")
struct RedBootRecordingsTests {
    /// The events of the bytes, in pieces of this size.
    static func events(_ bytes: [UInt8], size: Int) -> [RedBootConsoleText.Event] {
        var text = RedBootConsoleText(prompt: RedBootRecording.prompt)
        return stride(from: 0, to: bytes.count, by: size).flatMap { start in
            text.feed(bytes[start..<min(bytes.count, start + size)])
        }
    }

    @Test func thereAreAll() {
        #expect(RedBootRecording.names.count > 150)
    }

    @Test(arguments: RedBootRecording.names)
    func everyChunkingGivesTheSameEvents(name: String) throws {
        let bytes = try RedBootRecording.bytes(name)
        let whole = Self.events(bytes, size: bytes.count)
        for size in [1, 2, 3, 5, 16, 61, 1_000] { #expect(Self.events(bytes, size: size) == whole, "\(size)") }
        // The prompt of each exchange, apart from one that a full answer or a telnet connection left in mid-line.
        let prompts = RedBootRecording(bytes).exchanges.count
        #expect(whole.count { $0 == .prompt } == prompts)
        // No RedBoot here starts a system.
        #expect(!whole.contains { if case .systemStart = $0 { true } else { false } })
    }

    /// Boots at every cut: what comes before a cut never changes what comes after it.
    @Test(arguments: ["malta-2006-boot-script-aborted", "malta-2012-boot-script-runs", "malta-2003-boot-blank"])
    func everyCut(name: String) throws {
        let bytes = try RedBootRecording.bytes(name)
        let whole = Self.events(bytes, size: bytes.count)
        for cut in 0...bytes.count {
            var text = RedBootConsoleText(prompt: RedBootRecording.prompt)
            #expect(text.feed(bytes[..<cut]) + text.feed(bytes[cut...]) == whole, "\(cut)")
        }
    }

    @Test func starts() throws {
        for generation in ["2006", "2012"] {
            let events = Self.events(
                try RedBootRecording.bytes("malta-\(generation)-boot-script-aborted"), size: 1)
            #expect(
                events == [
                    .reset("... Resetting."), .banner,
                    .countdown("== Executing boot script in 3.000 seconds - enter ^C to abort"), .prompt,
                ])
        }
        #expect(Self.events(try RedBootRecording.bytes("malta-2003-boot-blank"), size: 1) == [.banner, .prompt])
        #expect(Self.events(try RedBootRecording.bytes("malta-2006-boot-net"), size: 1) == [.banner, .prompt])
    }

    @Test func questions() throws {
        let events = Self.events(try RedBootRecording.bytes("malta-2006-fis-write-answers"), size: 1)
        #expect(events.count { $0 == .question } == 6)
        #expect(Self.events(try RedBootRecording.bytes("malta-2006-fconfig"), size: 1).contains(.question))
        // The characters of a dump may hold the words of a question.
        let dump = "BE000000: 28 79 2F 6E 29 3F 20 20  20 20 20 20 20 20 20 20  |(y/n)? "
        #expect(Self.events(Array(dump.utf8), size: 1).isEmpty)
    }

    // MARK: Memory

    /// Every line of every plain dump has the bytes of the board, and every damaged character is noticed.
    @Test(arguments: RedBootRecording.names.filter { $0.contains("dump") || $0.contains("typeahead") })
    func dumps(name: String) throws {
        let content = RedBootRecording.content
        var lines = 0
        for (_, reply) in RedBootRecording(try RedBootRecording.bytes(name)).exchanges {
            for (address, bytes) in RedBootByteDump(reply).lines.merging(
                SRecords(reply).lines, uniquingKeysWith: { $1 })
            where (0xBE10_0000..<0xBE12_0000).contains(address) {
                let start = Int(address - 0xBE10_0000)
                #expect(bytes == Array(content[start..<start + bytes.count]), "\(ByteCount.hex(Int(address)))")
                lines += 1
            }
        }
        if !name.contains("abort") && !name.contains("widths") { #expect(lines > 0) }
    }

    @Test func wholeDump() throws {
        for name in ["malta-2003-dump-4k", "malta-2006-dump-4k", "malta-2012-dump-4k"] {
            let reply = try RedBootRecording(name).reply("dump -b 0xbe100000 -l 0x1000")
            let lines = RedBootByteDump(reply).lines
            #expect(lines.count == 256)
            #expect((0..<256).allSatisfy { lines[0xBE10_0000 + UInt64($0 * 16)]?.count == 16 })
        }
    }

    @Test func lastLines() throws {
        let recording = try RedBootRecording("malta-2006-dump")
        let content = RedBootRecording.content
        let short = RedBootByteDump(try recording.reply("dump -b 0xbe100000 -l 17")).lines
        #expect(short == [0xBE10_0000: Array(content[..<16]), 0xBE10_0010: [content[16]]])
        #expect(RedBootByteDump(try recording.reply("dump -b 0xbe100000 -l 0")).lines.isEmpty)
        let odd = RedBootByteDump(try recording.reply("dump -b 0xbe100003 -l 20")).lines
        #expect(odd == [0xBE10_0003: Array(content[3..<19]), 0xBE10_0013: Array(content[19..<23])])
        // Wider dumps are no bytes.
        let wide = try RedBootRecording("malta-be-2006-dump-widths")
        for command in ["dump -b 0xbe100000 -l 0x30 -2", "dump -b 0xbe100000 -l 0x30 -4"] {
            #expect(RedBootByteDump(try wide.reply(command)).lines.isEmpty, "\(command)")
        }
        let records = try RedBootRecording("malta-2006-dump-srec")
        // A last record has 16 bytes, whatever was asked for.
        let rounded = SRecords(try records.reply("dump -b 0xbe100000 -l 0x14 -s")).lines
        #expect(rounded[0xBE10_0010]?.count == 16)
        #expect(SRecords(try records.reply("dump -b 0xbe100000 -l 8 -s")).lines[0xBE10_0000]?.count == 8)
    }

    @Test("One damaged character of a plain dump is noticed, or stands for the same byte")
    func damagedDump() throws {
        let reply = try RedBootRecording("malta-2006-dump").reply("dump -b 0xbe100000 -l 0x40")
        let whole = RedBootByteDump(reply).lines
        #expect(whole.count == 4)
        var missed = 0
        for position in reply.output.indices {
            for bit in 0..<8 {
                var damaged = reply.output
                damaged[position] ^= 1 << bit
                for (address, bytes) in RedBootByteDump(ConsoleReply(output: damaged)).lines
                where whole[address] != bytes {
                    missed += 1
                }
            }
        }
        // What is not printable shows as a point, whatever it is, and an address has no check. The board's checksum
        // finds both.
        #expect(missed < reply.output.count * 8 / 6, "\(missed)")
    }

    @Test func checksums() throws {
        for name in RedBootRecording.names.filter({ $0.hasSuffix("-cksum") }) {
            let recording = try RedBootRecording(name)
            for count in [0x10000, 1, 0] {
                let text = count == 0x10000 ? "0x10000" : "\(count)"
                let sum = try #require(
                    RedBootChecksum(try recording.reply("cksum -b 0xbe100000 -l \(text)")), "\(name)")
                #expect(sum.count == count)
                #expect(sum.value == POSIXChecksum.sum(of: RedBootRecording.content[..<count]))
            }
            #expect(RedBootChecksum(try recording.reply("cksum")) == nil)
        }
    }

    @Test("A damaged checksum is not believed")
    func damagedChecksum() throws {
        let reply = try RedBootRecording("malta-2006-cksum").reply("cksum -b 0xbe100000 -l 0x10000")
        let whole = try #require(RedBootChecksum(reply))
        for position in reply.output.indices {
            for bit in 0..<7 {
                var damaged = reply.output
                damaged[position] ^= 1 << bit
                let sum = RedBootChecksum(ConsoleReply(output: damaged))
                #expect(sum == nil || sum == whole, "\(position)")
            }
        }
    }
}
