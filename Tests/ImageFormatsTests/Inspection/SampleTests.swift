import FlashModel
import ImageFormats
import TestSupport
import Testing

/// Each format is found in a small image that was written from its specification.
@Suite("Formats in vectors written from their specifications")
struct SampleTests {
    /// A fact as text.
    static func text(_ value: Fact.Value?) -> String? {
        switch value {
        case .text(let text): text
        case .texts(let texts): texts.joined(separator: "\n")
        case .number(let number), .size(let number): "\(number)"
        case .address(let address): String(address, radix: 16)
        case .date(let seconds): "\(seconds)"
        case .flag(let flag): "\(flag)"
        case nil: nil
        }
    }

    static func all(_ findings: [Finding]) -> [Finding] { findings.flatMap { [$0] + all($0.children) } }

    @Test("Alone, at an odd place, and at the border of two chunks", arguments: Samples.all)
    func found(sample: Samples.Sample) throws {
        // All formats with an alignment are content with 64 KiB.
        for start in [0, 0x10000, ChunkScanner.chunkSize - 0x10000] {
            var image = ByteBuilder(start, filledWith: 0xFF)
            image.append(sample.bytes)
            image.append([UInt8](repeating: 0xFF, count: 0x8000))
            let map = try ImageInspector().inspect(MemorySource(image.bytes))
            let found = Self.all(map.findings).filter { $0.format == sample.name }
            let finding = try #require(found.first, "\(sample.name) at \(start): \(map.findings)")
            #expect(found.count == 1)
            #expect((0...4).contains(finding.offset - start))
            #expect(finding.grade.rawValue == sample.grade)
            if let size = sample.size { #expect(finding.size == size) }
            for (name, value) in sample.facts { #expect(Self.text(finding.fact(name)) == value) }
            MapTests.check(map)
        }
    }

    @Test("One changed bit in what a checksum covers, and nothing is proven", arguments: Samples.all)
    func changed(sample: Samples.Sample) throws {
        guard sample.grade == "proven", let size = sample.size else { return }
        var random = SplitMix64(state: 11)
        for _ in 0..<40 {
            var bytes = sample.bytes
            let place = Int.random(in: 0..<size, using: &random)
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let map = try ImageInspector().inspect(MemorySource(bytes))
            let still = map.findings.filter { $0.format == sample.name && $0.grade == .proven && $0.size == size }
            // These do not cover all of their bytes.
            let free =
                switch sample.name {
                // The last bits of the deflate stream are padding.
                case "gzip": (3..<10).contains(place) || place == 20
                case "U-Boot environment": place == 4
                case "bcm47xx NVRAM", "TRX", "Linksys CHDR", "Xiaomi HDR1": place < 12
                case "GPT": place >= 92
                case "Edimax firmware", "Realtek image", "SEAMA", "D-Link WRGG", "Atheros calibration": place < 512
                case "bcm63xx image tag": place >= 240 && place < 256
                default: false
                }
            #expect(still.isEmpty || free, "\(sample.name): byte \(place)")
        }
    }
}
