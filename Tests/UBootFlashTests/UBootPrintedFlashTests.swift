import BoardChannels
import FlashAccess
import FlashModel
import TestBoards
import TestSupport
import Testing

@testable import UBootFlash

/// Flash that U-Boot prints by a command of its own: `spi read` of Ralink's and MediaTek's 1.1.3. The replies are those
/// that owners of MT7628 boards posted, and of `drivers/spi_flash.c` in the published source of LinkIt Smart 7688.
@Suite("Flash printed by spi read")
struct UBootPrintedFlashTests {
    private static let usage = UBootReply(
        text: """
            spi spi usage:\r
              spi id\r
              spi sr read\r
              spi sr write <value>\r
              spi read <addr> <len>\r
              spi erase <offs> <len>\r
              spi write <offs> <hex_str_value>\r

            """)

    private static func reply(_ text: String) -> UBootReply { UBootReply(text: text.replacing("\n", with: "\r\n")) }

    // MARK: Words

    @Test("The chip's id gives its size; without one the size is not known")
    func identification() throws {
        let known = try #require(
            UBootPrintedSerialFlash(usage: Self.usage, id: Self.reply("device id: c2 20 17 0 0\n")))
        #expect(known.size == 8 << 20)
        for id in [
            "device id: 0 0 0 0 0\n", "device id: ff ff ff ff ff\n", "device id: c2 20\n", "device id: c2 zz 17\n",
            "\n",
        ] {
            let unknown = try #require(UBootPrintedSerialFlash(usage: Self.usage, id: Self.reply(id)))
            #expect(unknown.size == nil, "\(id)")
        }
        // Another vendor's command of that name reads into memory.
        let other = UBootReply(text: "spi id\r\nspi silent\r\nspi read <addr> <offs> <len>\r\n")
        #expect(UBootPrintedSerialFlash(usage: other, id: Self.reply("device id: c2 20 17 0 0\n")) == nil)
        #expect(UBootPrintedSerialFlash(usage: nil, id: Self.reply("device id: c2 20 17 0 0\n")) == nil)
    }

    @Test("Bytes have no leading zeros, and their number is announced")
    func bytes() {
        let text = "read len: 16\nff 0 0 10 0 0 0 0 fd 0 0 10 e 3 7f a \n"
        #expect(
            UBootPrintedBytes.parse(Self.reply(text), count: 16)
                == [0xFF, 0, 0, 0x10, 0, 0, 0, 0, 0xFD, 0, 0, 0x10, 0x0E, 3, 0x7F, 0x0A])
        // With debugging, the driver names itself first.
        #expect(
            UBootPrintedBytes.parse(Self.reply("raspi_read: from:0 len:2 \nread len: 2\n1 2 \n"), count: 2) == [1, 2])
    }

    @Test(
        "What is not exactly that is refused",
        arguments: [
            "read len: 4\n1 2 3 \n", "read len: 4\n1 2 3 4 5 \n", "read len: 4\n1 23 4 \n", "read len: 4\n1 2 3 04 \n",
            "read len: 4\n1 2 3 F \n", "read len: 4\n1 2 3 100 \n", "read len: 3\n1 2 3 4 \n",
            "read len: -1\n1 2 3 4 \n",
            "read len: 4\n", "1 2 3 4 \n", "malloc error\n", "", "read len: 4\n1 2 eth0: link up 4 \n",
            "read len: 9223372036854775808\n1 2 3 4 \n",
        ])
    func damaged(_ text: String) {
        #expect(UBootPrintedBytes.parse(Self.reply(text), count: 4) == nil)
    }

    @Test("An MT7628 as its owner posted it, with the answers of its kind to help spi and spi id")
    func posted() throws {
        var replies = try UBootTranscript(console: "board-mt7628-spi", prompt: "MT7628 # ").byCommand
        replies["help spi"] = Self.usage
        replies["spi id"] = Self.reply("device id: c2 20 17 0 0\n")
        let survey = try UBootSurvey.assemble(replies: replies)
        #expect(survey.chips.map(\.kind) == [.spiNOR] && survey.chips.map(\.size) == [.exact(8 << 20)])
        #expect(survey.partitions.map(\.size) == [8 << 20] && survey.unknowns.isEmpty)
        // Of an id that says nothing, the user gives the size.
        replies["spi id"] = Self.reply("device id: 1 2 3 4 5\n")
        let unknown = UBootFacts(replies)
        #expect(try UBootSurvey.assemble(facts: unknown).unknowns.map(\.subject) == [.chipSize])
        let given = GivenFlash(kind: .spi, start: 0, size: 4 << 20, eraseBlockSize: nil)
        let facts = UBootFacts(replies, given: GivenMemory(flash: [given]))
        #expect(try UBootSurvey.assemble(facts: facts).chips.map(\.size) == [.exact(4 << 20)])
        #expect(facts.windows == ["spi0": .printed])
        // Chips of more than 16 MiB may be read wrongly.
        replies["spi id"] = Self.reply("device id: c2 20 19 c2 20\n")
        #expect(try UBootSurvey.assemble(replies: replies).table.doubts.contains { $0.contains("16 MiB") })
    }

    // MARK: Reading

    private static func board(_ change: (inout UBootScenario) -> Void = { _ in }) -> SimulatedUBoot {
        let flash = SimulatedHardware.Flash("spi0", kind: .spiNOR, blocks: 16, blockSize: 0x1000)
        var scenario = UBootScenario(SimulatedHardware(identity: BoardIdentity(), chips: [flash], devices: []))
        scenario.prompt = "MT7628 # "
        scenario.version = "U-Boot 1.1.3 (Jul 13 2019 - 11:44:56)"
        scenario.allow("spi")
        scenario.forbid("bdinfo", "crc32", "echo", "mw")
        change(&scenario)
        return SimulatedUBoot(scenario)
    }

    /// All of the flash, twice, as a backup reads it.
    private func read(
        _ board: SimulatedUBoot, over opener: (any ChannelOpening)? = nil
    ) async throws -> (bytes: [[UInt8]], retries: Int) {
        try await SimulatedSessions.with(board, over: opener, prompt: "MT7628 # ") { session in
            let surveyed = try await UBootFlashAccess(session, store: ContentStore()).survey()
            let partition = try #require(surveyed.survey.partitions.first)
            #expect(surveyed.survey.chips.map(\.size) == [.exact(64 << 10)])
            #expect(surveyed.reader.checksumAlgorithms.isEmpty)
            var all: [[UInt8]] = []
            for _ in 0..<2 {
                var bytes: [UInt8] = []
                try await surveyed.reader.read(partition, ranges: [0..<5, 5..<0x1234, 0x1234..<partition.size]) {
                    chunk in
                    #expect(chunk.offset == bytes.count && chunk.findings.isEmpty)
                    bytes += chunk.bytes
                }
                all.append(bytes)
            }
            return (all, session.retries)
        }
    }

    @Test("Every byte is read, with and without checksums of memory", arguments: [true, false])
    func whole(_ hasChecksum: Bool) async throws {
        let board = Self.board { if hasChecksum { $0.allow("crc32", "bdinfo", "mw") } }
        let got = try await read(board)
        let expected = board.hardware.chips["spi0"]?.bytes
        #expect(got.bytes.allSatisfy { $0 == expected } && got.retries == 0)
        #expect(board.offences.isEmpty, "\(board.offences.prefix(3))")
        #expect(!board.commands.contains { $0.contains("erase") || $0.contains("write") })
    }

    @Test("A restart costs one command", arguments: [500, 5_000])
    func restart(_ count: Int) async throws {
        let board = Self.board()
        board.schedule(.reset(afterOutput: count), every: 19)
        let got = try await read(board)
        #expect(got.bytes.allSatisfy { $0 == board.hardware.chips["spi0"]?.bytes })
        #expect(board.starts > 1 && board.offences.isEmpty)
    }

    @Test("Over a line that loses and changes characters", arguments: 1...6)
    func badLine(_ seed: Int) async throws {
        var faults = LineFaults()
        faults.replyRate = 20_000
        faults.commandRate = 5_000
        let board = Self.board()
        let got = try await read(board, over: FaultyOpener(board, faults, seed: UInt64(seed)))
        let expected = board.hardware.chips["spi0"]?.bytes ?? []
        // A changed digit shows only in the comparison of two readings, which is a backup's proof.
        for (index, byte) in expected.enumerated() where got.bytes[0][index] == got.bytes[1][index] {
            #expect(got.bytes[0][index] == byte, "\(index)")
        }
        #expect(board.offences.isEmpty, "\(board.offences.prefix(3))")
    }

    @Test("What the board prints in the midst of the bytes is no byte of them")
    func talkingBoard() async throws {
        let board = Self.board()
        board.schedule(.saying("\neth0: link up 00 11 22 33\n", afterOutput: 3_000), every: 9)
        let got = try await read(board)
        #expect(got.bytes.allSatisfy { $0 == board.hardware.chips["spi0"]?.bytes })
        #expect(got.retries > 0)
    }
}
