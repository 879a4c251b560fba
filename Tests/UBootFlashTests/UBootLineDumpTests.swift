import FlashModel
import TestBoards
import Testing

@testable import UBootFlash

@Suite("Memory dumped over a line", .serialized)
struct UBootLineDumpTests {
    private static let base: UInt64 = 0xBF00_0000

    private func dump(
        _ board: SimulatedUBoot, faults: LineFaults = LineFaults(), seed: UInt64 = 1,
        _ ranges: [Range<Int>], votes: Int = 1
    ) async throws -> (bytes: [[UInt8]], repeated: Int) {
        let opener = FaultyOpener(board, faults, seed: seed)
        return try await SimulatedSessions.with(board, over: opener) { session in
            var dump = UBootLineDump()
            var result: [[UInt8]] = []
            for range in ranges {
                result.append(
                    try await dump.bytes(
                        at: Self.base + UInt64(range.lowerBound), count: range.count, votes: votes, session))
            }
            return (result, dump.repeatedLines)
        }
    }

    @Test("All ranges, both byte orders, old and new formats", arguments: UBootMemoryDump.ByteOrder.allCases, [2, 4])
    func allRanges(_ order: UBootMemoryDump.ByteOrder, _ gap: Int) async throws {
        let flash = SimulatedSessions.bytes(0x1000)
        for pads in [true, false] {
            let board = SimulatedSessions.nor(flash) {
                $0.order = order
                $0.dumpGap = gap
                $0.padsDump = pads
            }
            var ranges: [Range<Int>] = []
            for start in [0, 1, 2, 3, 4, 7, 8, 15, 16, 18] {
                for size in Array(1...20) + [31, 32, 33, 36, 100] { ranges.append(start..<start + size) }
            }
            let got = try await dump(board, ranges)
            for (range, bytes) in zip(ranges, got.bytes) {
                #expect(bytes == Array(flash[range]), "\(range)")
            }
            #expect(got.repeated == 0)
            #expect(board.offences.isEmpty, "\(board.offences.prefix(3))")
        }
    }

    @Test("If the byte order of words is unknown, it is not guessed", arguments: [0xFF, 0, 0x80, 0x61] as [UInt8])
    func blank(_ filling: UInt8) async throws {
        for order in UBootMemoryDump.ByteOrder.allCases {
            // If later lines show it, it is learned from them. One size takes more than one command.
            let size = filling == 0xFF ? 0x4400 : 0x200
            let flash = [UInt8](repeating: filling, count: size) + SimulatedSessions.bytes(0x400)
            let board = SimulatedSessions.nor(flash) { $0.order = order }
            let got = try await dump(board, [0..<64, 0..<size, size - 0x100..<size + 0x400, 0..<0x200])
            #expect(
                got.bytes == [
                    Array(flash[..<64]), Array(flash[..<size]), Array(flash[(size - 0x100)...]), Array(flash[..<0x200]),
                ])
            #expect(board.offences.isEmpty)
        }
    }

    @Test("With letters only, the characters show the byte order")
    func text() async throws {
        let flash = Array(String(repeating: "bootargs=console=ttyS0,115200 root=/dev/mtdblock2\n", count: 20).utf8)
            .prefix(960)
        for order in UBootMemoryDump.ByteOrder.allCases {
            let board = SimulatedSessions.nor(Array(flash)) { $0.order = order }
            #expect(try await dump(board, [0..<960]).bytes == [Array(flash)])
        }
    }

    @Test(
        "On any line, each line of the dump is requested until it is correct",
        arguments: [1_000, 150], [1, 2] as [UInt64])
    func badLine(_ rate: Int, _ seed: UInt64) async throws {
        let flash = SimulatedSessions.bytes(0x1000, seed: seed) + [UInt8](repeating: 0xFF, count: 0x400)
        let board = SimulatedSessions.nor(flash) { $0.order = seed == 2 ? .big : .little }
        var faults = LineFaults()
        faults.replyRate = rate
        faults.commandRate = rate
        let got = try await dump(board, faults: faults, seed: seed, [0..<0x1400, 7..<0x213], votes: 2)
        // Without a checksum, two equal readings are believed, so very few errors may remain.
        let wrong = zip(got.bytes[0], flash).count { $0 != $1 } + zip(got.bytes[1], flash[7..<0x213]).count { $0 != $1 }
        #expect(wrong == 0)
        #expect(got.repeated > 0)
        #expect(board.offences.allSatisfy { $0.kind == .bareEnter }, "\(board.offences.prefix(3))")
    }

    @Test("An earlier reading counts as one vote per line")
    func earlier() async throws {
        let flash = SimulatedSessions.bytes(0x200)
        var wrong = flash
        wrong[0x105] ^= 0x40
        let board = SimulatedSessions.nor(flash)
        try await SimulatedSessions.with(board) { session in
            var dump = UBootLineDump()
            let bytes = try await dump.bytes(
                at: Self.base, count: flash.count, votes: 2, earlier: wrong, session)
            #expect(bytes == flash)
        }
        // Correct lines are confirmed by the first command; the wrong one needs a second.
        #expect(board.commands == ["md.l bf000000 80", "md.l bf000100 4"])
    }

    @Test("Lines that are never correct end in an error")
    func hopeless() async throws {
        let board = SimulatedSessions.nor(SimulatedSessions.bytes(0x200)) { $0.forbid("md") }
        do {
            _ = try await dump(board, [0..<0x100])
            Issue.record("it came")
        } catch let error as FlashkeepError {
            #expect(error.code == .replyNotUnderstood)
        }
    }

    @Test("Nothing beyond the address space is requested")
    func beyond() async throws {
        let board = SimulatedSessions.nor(SimulatedSessions.bytes(0x200))
        try await SimulatedSessions.with(board) { session in
            var dump = UBootLineDump()
            await #expect(throws: (any Error).self) {
                _ = try await dump.bytes(at: .max - 15, count: 64, session)
            }
        }
        #expect(board.commands.isEmpty)
    }
}
