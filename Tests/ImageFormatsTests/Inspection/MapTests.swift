import ImageFormats
import TestSupport
import Testing

/// Every byte of an image belongs to exactly one segment.
@Suite("The map of an image")
struct MapTests {
    /// The properties of each map.
    static func check(_ map: ContentMap) {
        var place = 0
        for segment in map.segments {
            #expect(segment.range.lowerBound == place && !segment.range.isEmpty)
            place = segment.range.upperBound
            if case .finding(let index) = segment.kind {
                #expect(map.findings.indices.contains(index))
                #expect(map.findings[index].range.contains(segment.range.lowerBound))
            }
        }
        #expect(place == map.size)
        #expect(map.findings.map(\.offset) == map.findings.map(\.offset).sorted())
        for finding in map.findings { check(finding, level: 1) }
    }

    private static func check(_ finding: Finding, level: Int) {
        #expect(level <= 16)
        for child in finding.children {
            #expect(
                child.offset >= finding.offset && child.range.upperBound <= max(finding.range.upperBound, child.offset))
            check(child, level: level + 1)
        }
    }

    @Test("Any mixture of formats, blank, repeated and random bytes is accounted for")
    func mixtures() throws {
        var random = SplitMix64(state: 3)
        for _ in 0..<60 {
            var image: [UInt8] = []
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let count = Int.random(in: 1...40_000, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: image += [UInt8](repeating: 0xFF, count: count)
                case 1: image += [UInt8](repeating: 0, count: count)
                case 2: image += (0..<count).map { UInt8($0 % 5) }
                case 3: image += SplitMix64.bytes(count, seed: random.next())
                default:
                    let sample = Samples.all.randomElement(using: &random, or: Samples.uImage).bytes
                    // Perhaps cut, so that the next one overlaps what it claims.
                    image += sample.prefix(Bool.random(using: &random) ? sample.count : count)
                }
            }
            Self.check(try ImageInspector().inspect(MemorySource(image)))
        }
        Self.check(try ImageInspector().inspect(MemorySource([])))
        Self.check(try ImageInspector().inspect(MemorySource([0xFF])))
    }

    @Test("Blank, repeated, dense and unknown bytes are told apart to the byte")
    func kinds() throws {
        let dense = SplitMix64.bytes(200_000, seed: 5)
        let plain = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 7 & 0x1F | 0x40) }
        let image =
            [UInt8](repeating: 0xFF, count: 10_000) + dense + [UInt8](repeating: 0, count: 30_000) + plain
            + (0..<65664).map { UInt8($0 % 3) }
        let map = try ImageInspector().inspect(MemorySource(image))
        Self.check(map)
        let kinds = map.segments.map(\.kind)
        #expect(kinds.first == .blank(0xFF) && kinds.contains(.dense) && kinds.contains(.blank(0)))
        #expect(kinds.contains(.unknown) && kinds.last == .repeated(period: 3))
        let first = try #require(map.segments.first)
        #expect(abs(first.range.count - 10_000) <= 8)
        let zeros = try #require(map.segments.first { $0.kind == .blank(0) })
        #expect(abs(zeros.range.lowerBound - 210_000) <= 8)
    }

    @Test("What overlaps is reported, and claimed once")
    func overlap() throws {
        // The body of the first reaches into the second; both headers are right.
        var first = Samples.uImage.bytes
        first.removeLast(1000)
        let image = first + Samples.trx.bytes
        let map = try ImageInspector().inspect(MemorySource(image))
        Self.check(map)
        #expect(map.overlaps.count == 1 && map.overlaps.first?.formats == ["uImage", "TRX"])
        #expect(map.findings.map(\.grade) == [.plausible, .proven])
    }

    @Test("Random bytes hold nothing that is plausible")
    func random() throws {
        var random = SplitMix64(state: 2026)
        let words = (0..<(16 << 20) / 8).map { _ in random.next() }
        let bytes = words.withUnsafeBytes { Array($0) }
        let map = try ImageInspector().inspect(MemorySource(bytes))
        Self.check(map)
        let all = SampleTests.all(map.findings)
        #expect(all.filter { $0.grade > .hint }.isEmpty, "\(all)")
        #expect(all.count <= 4)
        #expect(map.segments.count <= all.count + 1)
    }
}
