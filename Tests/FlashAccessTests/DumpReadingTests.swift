import FlashAccess
import FlashModel
import Testing

@Suite("Readings of dumped lines")
struct DumpReadingTests {
    /// Reads 16 lines, of which some never arrive.
    private static func read(losing lost: Set<Int>) async throws -> (bytes: [UInt8], requests: Int) {
        var reading = DumpReading(commandSize: 256, votes: 1)
        var requests = 0
        let bytes = try await reading.bytes(
            at: 0x1000, count: 256, earlier: nil, kept: DumpedLines(), name: "md"
        ) { run, piece, address, size in
            requests += 1
            var lines: [UInt64: [UInt8]] = [:]
            for index in run where !lost.contains(index) {
                lines[address + UInt64(index * 16)] = [UInt8](repeating: UInt8(index), count: 16)
            }
            piece.take(lines, of: run, from: address, size: size)
        }
        return (bytes, requests)
    }

    @Test("Lines that never arrive end it, also if they are asked for together with others that do")
    func lost() async throws {
        let whole = try await Self.read(losing: [])
        #expect(whole.bytes == (0..<256).map { UInt8($0 / 16) } && whole.requests == 1)
        for lines in [[5], [5, 7], [0, 3, 15]] as [Set<Int>] {
            await #expect(throws: FlashkeepError.self) { _ = try await Self.read(losing: lines) }
        }
    }
}
