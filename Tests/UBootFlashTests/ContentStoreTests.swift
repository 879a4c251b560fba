import FlashModel
import Synchronization
import TestSupport
import Testing

@testable import FlashAccess

@Suite("Known content")
struct ContentStoreTests {
    /// A source that changes after it was indexed.
    private final class Changing: ContentSource {
        let bytes: Mutex<[UInt8]>
        let size: Int

        init(_ bytes: [UInt8]) {
            size = bytes.count
            self.bytes = Mutex(bytes)
        }

        func read(offset: Int, count: Int) -> [UInt8] {
            Array(bytes.withLock { $0 }.dropFirst(offset).prefix(count))
        }
    }

    private struct Broken: ContentSource {
        let size = 1 << 20
        func read(offset: Int, count: Int) throws -> [UInt8] {
            throw FlashkeepError(.fileUnavailable, what: "It broke.", why: "Made so.", next: "Go on.")
        }
    }

    /// The result of a plan for these bytes: the found parts, and the ranges to dump.
    private func run(_ store: ContentStore, _ flash: [UInt8]) -> (found: [UInt8?], dumped: [Range<Int>]) {
        var plan = ChunkPlan(0..<flash.count)
        var found = [UInt8?](repeating: nil, count: flash.count)
        var dumped: [Range<Int>] = []
        while let step = store.next(&plan) {
            switch step {
            case .checksum(let range): plan.answer(CRC32.sum(of: flash[range]))
            case .known(let range, let candidates, let sum, let half):
                let bytes = store.bytes(of: candidates, count: range.count, sum: sum, half: half)
                if let bytes { for (place, byte) in zip(range, bytes) { found[place] = byte } }
                plan.settle(isKnown: bytes != nil)
            case .dump(let range, _):
                dumped.append(range)
                store.remember(Array(flash[range]))
                plan.dumped()
            }
        }
        return (found, dumped)
    }

    @Test func whatWasGivenIsFound() throws {
        let bytes = SimulatedSessions.bytes(0x30000)
        let store = ContentStore()
        try store.add(Bytes(Array(bytes[..<0x18000])))
        try store.add(Bytes(Array(bytes[0x18000...])))
        // In a different order, at different offsets.
        let flash = Array(bytes[0x20000...]) + Array(bytes[..<0x10000])
        let result = run(store, flash)
        #expect(result.dumped.isEmpty)
        #expect(result.found == flash)
    }

    @Test func whatCrossedIsFoundAgain() {
        let store = ContentStore()
        // Not a round size; later bytes still start at a multiple.
        store.remember(SimulatedSessions.bytes(100, seed: 9))
        let part = SimulatedSessions.bytes(0x10000, seed: 2)
        let result = run(store, part + part)
        #expect(result.dumped == [0..<0x10000])
        #expect(Array(result.found[0x10000...]) == part)
        #expect(run(store, part).dumped.isEmpty)
    }

    @Test func whatChangedOnDiskIsNotBelieved() throws {
        let bytes = SimulatedSessions.bytes(0x10000)
        let source = Changing(bytes)
        let store = ContentStore()
        try store.add(source)
        source.bytes.withLock { $0[0x8001] ^= 1 }
        let first = run(store, bytes)
        // Every byte taken from the disk equals the board's.
        for (place, byte) in first.found.enumerated() { if let byte { #expect(byte == bytes[place]) } }
        #expect(first.dumped.contains { $0.contains(0x8001) })
    }

    @Test func whatGotShorterOrCannotBeReadIsNotBelieved() throws {
        let bytes = SimulatedSessions.bytes(0x10000)
        let source = Changing(bytes)
        let store = ContentStore()
        try store.add(source)
        source.bytes.withLock { $0 = [] }
        #expect(run(store, bytes).dumped.flatMap { Array($0) } == Array(0..<0x10000))
        #expect(throws: FlashkeepError.self) { try ContentStore().add(Broken()) }
    }

    @Test func bothSumsMustBeRight() {
        let store = ContentStore()
        let part = SimulatedSessions.bytes(0x2000)
        store.remember(part)
        let candidates = [KnownContent.Candidate.stored(source: -1, offset: 0)]
        let sum = CRC32.sum(of: part)
        let half = CRC32.sum(of: part[..<0x1000])
        #expect(store.bytes(of: candidates, count: 0x2000, sum: sum, half: half) == part)
        #expect(store.bytes(of: candidates, count: 0x2000, sum: sum ^ 1, half: half) == nil)
        #expect(store.bytes(of: candidates, count: 0x2000, sum: sum, half: half ^ 1) == nil)
        #expect(store.bytes(of: [.stored(source: -1, offset: 0x1000)], count: 0x2000, sum: sum, half: half) == nil)
        #expect(store.bytes(of: [.stored(source: 7, offset: 0)], count: 0x2000, sum: sum, half: half) == nil)
        #expect(store.bytes(of: [.stored(source: -1, offset: -1)], count: 0x2000, sum: sum, half: half) == nil)
        // The second candidate is tried if the first does not exist.
        #expect(
            store.bytes(of: [.stored(source: 7, offset: 0)] + candidates, count: 0x2000, sum: sum, half: half) == part)
    }

    @Test func theSourceIsReadOnceAndNotKept() throws {
        let store = ContentStore()
        try store.add(Bytes([]))
        try store.add(Bytes(SimulatedSessions.bytes(4096)))
        #expect(run(store, SimulatedSessions.bytes(4096)).dumped.isEmpty)
    }
}
