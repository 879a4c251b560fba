import BoardChannels
import FlashModel
import TestBoards
import Testing

@testable import FlashAccess
@testable import UBootFlash

/// The formats in which U-Boot prints memory, and the choice between them.
@Suite("Formats of dumps", .serialized)
struct UBootDumpFormatTests {
    private static let base: UInt64 = 0xBF00_0000

    /// Reads all of the flash through ``UBootFlashAccess``.
    private func read(
        _ board: SimulatedUBoot, _ faults: LineFaults = LineFaults(), seed: UInt64 = 1, format: String? = nil
    ) async throws -> (bytes: [UInt8], transfer: String) {
        try await SimulatedSessions.with(board, over: FaultyOpener(board, faults, seed: seed)) { session in
            let access = UBootFlashAccess(session, store: ContentStore(), format: format)
            let flash = try await access.survey()
            let partition = try #require(flash.survey.partitions.first)
            var bytes = [UInt8](repeating: 0xFF, count: partition.size)
            try await flash.reader.read(partition, ranges: [0..<partition.size]) { chunk in
                bytes.replaceSubrange(chunk.range, with: chunk.bytes)
            }
            return (bytes, flash.transfer.transferName)
        }
    }

    private func dumps(_ board: SimulatedUBoot) -> Set<String> {
        Set(
            board.commands.compactMap { $0.split(separator: " ").first.map(String.init) }
                .filter { $0.hasPrefix("md") || $0 == "saves" })
    }

    @Test("Every format handles all offsets and sizes", arguments: UBootDumpFormats.all.map(\.name) + ["md.q"])
    func ranges(name: String) async throws {
        let flash = SimulatedSessions.bytes(0x800)
        let board = SimulatedSessions.nor(flash) { $0.allow("saves") }
        let format = try #require(UBootDumpFormats.named(name).first)
        // The simulated board is 32-bit.
        guard name != "md.q" else {
            return #expect(board.reply("md.q bf000000 2").isEmpty)
        }
        try await SimulatedSessions.with(board) { session in
            var dump = UBootLineDump(format: format)
            for start in [0, 1, 4, 6, 15, 16] {
                for count in [1, 2, 15, 16, 17, 32, 33, 100, 0x700] {
                    let bytes = try await dump.bytes(at: Self.base + UInt64(start), count: count, session)
                    #expect(bytes == Array(flash[start..<start + count]), "\(name) \(start) \(count)")
                }
            }
            #expect(dump.repeatedLines == 0)
        }
        #expect(board.offences.isEmpty, "\(board.offences.prefix(3))")
        #expect(dumps(board).isSubset(of: [name, "md.b"]))
    }

    @Test("The cost of a format is that of its lines", arguments: UBootDumpFormats.all.map(\.name))
    func cost(name: String) async throws {
        let format = try #require(UBootDumpFormats.named(name).first)
        let board = SimulatedSessions.nor(SimulatedSessions.bytes(0x4000)) { $0.allow("saves") }
        let command = try format.command(at: Self.base, count: 0x4000, UBootCommands())
        let opener = FaultyOpener(board, LineFaults(), seed: 1)
        try await SimulatedSessions.with(board, over: opener) { session in
            var dump = UBootLineDump(format: format)
            _ = try await dump.bytes(at: Self.base, count: 0x4000, session)
        }
        #expect(board.commands == [command])
        let characters = opener.received
        #expect(abs(characters * 100 - 0x4000 * format.cost) < 0x4000 * 5, "\(characters)")
    }

    @Test("The cheapest format of the board is used, after a trial", arguments: [true, false])
    func cheapest(hasChecksum: Bool) async throws {
        let flash = SimulatedSessions.bytes(0x8000)
        let board = SimulatedSessions.nor(flash) {
            $0.allow("saves")
            if !hasChecksum { $0.forbid("crc32") }
        }
        let got = try await read(board)
        #expect(got.bytes == flash)
        #expect(got.transfer.hasPrefix("saves"))
        #expect(dumps(board) == (hasChecksum ? ["saves"] : ["saves", "md.l"]))
        #expect(board.offences.isEmpty, "\(board.offences.prefix(3))")

        let plain = SimulatedSessions.nor(flash)
        #expect(try await read(plain).transfer.hasPrefix("md"))
        #expect(dumps(plain) == ["md.l"])
    }

    @Test("A format that differs from the memory is not used", arguments: [true, false])
    func wrong(hasChecksum: Bool) async throws {
        let flash = SimulatedSessions.bytes(0x8000)
        let board = SimulatedSessions.nor(flash) {
            $0.allow("saves")
            $0.recordsOffset = 16
            if !hasChecksum { $0.forbid("crc32") }
        }
        let got = try await read(board)
        #expect(got.bytes == flash)
        #expect(got.transfer.hasPrefix("md"))
        // Once, for the trial.
        #expect(board.commands.filter { $0.hasPrefix("saves") }.allSatisfy { $0.hasSuffix(" 200") })
        #expect(board.offences.isEmpty, "\(board.offences.prefix(3))")
    }

    @Test("A requested format is used, or an error says why not", arguments: ["md", "md.b", "md.w", "saves"])
    func forced(name: String) async throws {
        let flash = SimulatedSessions.bytes(0x4000)
        let board = SimulatedSessions.nor(flash) { $0.allow("saves") }
        #expect(try await read(board, format: name).bytes == flash)
        #expect(dumps(board) == [name == "md" ? "md.l" : name])

        let poor = SimulatedSessions.nor(flash)
        if name == "saves" {
            await #expect(throws: FlashkeepError(.toolMissing, what: "", why: "", next: "")) {
                _ = try await read(poor, format: name)
            }
            #expect(!dumps(poor).contains("saves"))
        }
        await #expect(throws: FlashkeepError(.toolMissing, what: "", why: "", next: "")) {
            _ = try await read(poor, format: "md.q")
        }
    }

    @Test("On bad lines all bytes are correct, and Enter is never sent alone", arguments: 1...6 as ClosedRange<UInt64>)
    func badLine(seed: UInt64) async throws {
        let flash = SimulatedSessions.bytes(0x4000)
        let board = SimulatedSessions.nor(flash) { $0.allow("saves") }
        var faults = LineFaults()
        faults.replyRate = 200
        faults.bulkRate = 200
        faults.commandRate = 1_000
        #expect(try await read(board, faults, seed: seed).bytes == flash)
        // Enter is alone only if the line dropped the blank, and then it does not repeat a command that writes.
        #expect(board.offences.allSatisfy { $0.kind == .bareEnter || $0.kind == .typedAhead }, "\(board.offences)")
        let allowed: Set<String> = [
            "version", "help", "bdinfo", "printenv", "flinfo", "saves", "crc32", "md.l", "md.b", "(reset)",
        ]
        #expect(board.commands.allSatisfy { allowed.contains(String($0.prefix { $0 != " " })) }, "\(board.commands)")
    }

    @Test("Records resume after a reset")
    func reset() async throws {
        let flash = SimulatedSessions.bytes(0x8000)
        let board = SimulatedSessions.nor(flash) { $0.allow("saves") }
        board.schedule(.reset(afterOutput: 60), every: 40)
        #expect(try await read(board).bytes == flash)
        #expect(board.offences.isEmpty, "\(board.offences.prefix(3))")
    }
}
