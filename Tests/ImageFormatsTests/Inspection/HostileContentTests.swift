import ImageFormats
import TestSupport
import Testing

/// Whatever the bytes are, the inspection ends soon and without a trap.
@Suite("Hostile images")
struct HostileContentTests {
    /// Inspects each prefix of a sample, as far as its size allows, and changed copies of it.
    @Test("Cut at every length, and changed at random", arguments: Samples.all)
    func cutAndChanged(sample: Samples.Sample) throws {
        let inspector = ImageInspector()
        let step = max(1, sample.bytes.count / 300)
        for count in stride(from: 0, to: sample.bytes.count, by: step) {
            MapTests.check(try inspector.inspect(MemorySource(Array(sample.bytes.prefix(count)))))
        }
        var random = SplitMix64(state: 1)
        for _ in 0..<150 {
            var bytes = sample.bytes
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                // Headers are at the start.
                let limit = Bool.random(using: &random) ? min(128, bytes.count) : bytes.count
                let values: [UInt8] = [0, 0xFF, 0x7F, 0x80, UInt8.random(in: 0...255, using: &random)]
                bytes[Int.random(in: 0..<limit, using: &random)] = values.randomElement(using: &random, or: 0)
            }
            MapTests.check(try inspector.inspect(MemorySource(bytes)))
        }
    }

    @Test("An image full of one magic number", arguments: ContentFormats.all.indices)
    func flood(index: Int) throws {
        let format = ContentFormats.all[index]
        for signature in format.signatures {
            // At its distance, and again and again.
            let unit = signature.bytes + [0]
            let flood = (0..<(1 << 20) / unit.count).flatMap { _ in unit }
            let map = try ImageInspector().inspect(MemorySource(flood))
            #expect(map.segments.last?.range.upperBound == map.size)
        }
    }

    @Test("An image full of headers that claim all that follows")
    func nested() throws {
        // Each uImage contains all others behind it; their header sums are right.
        let count = 2000
        var image: [UInt8] = []
        for index in 0..<count {
            var header = ByteBuilder(64)
            header.put([0x27, 0x05, 0x19, 0x56], at: 0)
            header.big((count - index - 1) * 64 + 4096, at: 12)
            header.put([5, 5, 2, 0], at: 28)
            header.big(header.crc(0..<64), at: 4)
            image += header.bytes
        }
        image += SplitMix64.bytes(4096, seed: 1)
        let map = try ImageInspector().inspect(MemorySource(image))
        MapTests.check(map)
        #expect(SampleTests.all(map.findings).count == count)
    }

    @Test("A file that becomes shorter while it is read is an error, not a crash")
    func shortened() {
        struct Shrinking: ByteSource {
            let size = 1 << 20
            func read(into buffer: inout [UInt8], count: Int, at offset: Int) -> Int { 0 }
        }
        #expect(throws: ImageBytes.Fault.self) { try ImageInspector().inspect(Shrinking()) }
    }
}
