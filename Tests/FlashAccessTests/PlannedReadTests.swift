import FlashAccess
import FlashModel
import Synchronization
import TestSupport
import Testing

/// Reading in chunks by either checksum.
@Suite("Planned reads")
struct PlannedReadTests {
    private struct Bytes: ContentSource {
        let bytes: [UInt8]
        var size: Int { bytes.count }

        func read(offset: Int, count: Int) throws -> [UInt8] {
            Array(bytes[min(offset, bytes.count)..<min(offset + count, bytes.count)])
        }
    }

    /// Reads flash; returns the bytes and what was transferred.
    private func read(
        _ flash: [UInt8], _ range: Range<Int>, _ store: ContentStore, by checksum: ContentChecksum
    ) async throws -> (bytes: [UInt8], dumped: [Range<Int>]) {
        var bytes: [UInt8] = []
        var dumped: [Range<Int>] = []
        try await store.read(range, chunkSize: 0x1_0000, costs: ChunkPlan.Costs(), by: checksum) { part, chunk in
            #expect(chunk.lowerBound <= part.lowerBound && part.upperBound <= chunk.upperBound)
            return checksum.key(of: flash[part])
        } dump: { part, _, sum in
            if let sum { #expect(sum == checksum.key(of: flash[part])) }
            dumped.append(part)
            return FlashChunk(offset: part.lowerBound, bytes: Array(flash[part]))
        } each: { chunk in
            #expect(chunk.offset == range.lowerBound + bytes.count)
            bytes += chunk.bytes
        }
        return (bytes, dumped)
    }

    @Test(arguments: [ContentChecksum.crc32, .cksum])
    func whatIsKnownIsNotTransferred(checksum: ContentChecksum) async throws {
        let flash = SplitMix64.bytes(0x2_0000, seed: 1) + [UInt8](repeating: 0xFF, count: 0x1_0000)
        let store = ContentStore()
        try store.add(Bytes(bytes: Array(flash[0x8000..<0x1_8000])))
        try store.index(by: checksum)
        let first = try await read(flash, 0..<flash.count, store, by: checksum)
        #expect(first.bytes == flash)
        #expect(first.dumped.allSatisfy { !$0.overlaps(0x8000..<0x1_8000) && $0.upperBound <= 0x2_0000 })
        // What was transferred is known from then on, and sources that come later, too.
        let again = try await read(flash, 0..<flash.count, store, by: checksum)
        #expect(again.bytes == flash && again.dumped.isEmpty)
        let more = SplitMix64.bytes(0x1_0000, seed: 2)
        try store.add(Bytes(bytes: more))
        #expect(try await read(more, 0..<more.count, store, by: checksum).dumped.isEmpty)
    }

    @Test("What was transferred before another checksum was asked for is found by it")
    func later() async throws {
        let flash = SplitMix64.bytes(0x1_8000, seed: 3)
        let store = ContentStore()
        store.remember([1, 2, 3])
        store.remember(flash)
        try store.index(by: .cksum)
        try store.index(by: .cksum)
        let result = try await read(flash, 0x1000..<0x1_8000, store, by: .cksum)
        #expect(result.bytes == Array(flash[0x1000...]) && result.dumped.isEmpty)
        // Not indexed: nothing but blank content is found, and nothing is wrong.
        let fresh = ContentStore()
        fresh.remember(flash)
        let unknown = try await read(flash, 0..<flash.count, fresh, by: .cksum)
        #expect(unknown.bytes == flash && unknown.dumped.total == flash.count)
    }
}
