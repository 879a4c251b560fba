import ImageFormats
import TestSupport
import Testing

@Suite("The scan for signatures")
struct ScannerTests {
    /// A format that only this file declares: all that a new one needs, except for its entry in the list.
    private enum Toy: ContentFormat {
        static let name = "toy"
        static let signatures = [
            Signature("TOY!"), Signature("far away", at: Signature.farthest),
            Signature([0xC0, 0x5A, 0x11], mask: [0xF0, 0xFF, 0xFF], at: 20),
        ]

        static func couldStart(_ head: ArraySlice<UInt8>) -> Bool { head.first != UInt8(ascii: "x") }

        static func examine(_ content: inout ContentBytes) throws -> Finding? {
            Finding(name, at: content.start, size: nil, grade: .hint)
        }
    }

    /// One that has no signature.
    private enum Regular: ContentFormat {
        static let name = "regular"
        static let signatures: [Signature] = []
        static let interval: Int? = 4096

        static func couldStart(_ head: ArraySlice<UInt8>) -> Bool { head.first == 7 }

        static func examine(_ content: inout ContentBytes) throws -> Finding? {
            Finding(name, at: content.start, size: 1, grade: .plausible)
        }
    }

    private let inspector = ImageInspector(SignatureTable([Toy.self, Regular.self]))

    private func starts(_ bytes: [UInt8], _ name: String = Toy.name) throws -> [Int] {
        try inspector.inspect(MemorySource(bytes)).findings.filter { $0.format == name }.map(\.offset)
    }

    @Test("At each offset around the border of two chunks, and at both ends", arguments: [0, 0xFF, 0x55] as [UInt8])
    func borders(filling: UInt8) throws {
        let size = ChunkScanner.chunkSize + 20_000
        for start in Array((ChunkScanner.chunkSize - 12)...(ChunkScanner.chunkSize + 4)) + [0, 1, size - 4] {
            var image = ByteBuilder(size, filledWith: filling)
            image.text("TOY!", at: start)
            #expect(try starts(image.bytes) == [start])
        }
    }

    @Test("A signature far from the start, and one of which some bits do not count")
    func distances() throws {
        for start in [0, 5, ChunkScanner.chunkSize - 4000, ChunkScanner.chunkSize - Signature.farthest - 3] {
            var image = ByteBuilder(ChunkScanner.chunkSize + 20_000)
            image.text("far away", at: start + Signature.farthest)
            #expect(try starts(image.bytes) == [start])
        }
        for low in 0..<16 {
            var image = ByteBuilder(9000)
            image.put([0xC0 | UInt8(low), 0x5A, 0x11], at: 4116)
            #expect(try starts(image.bytes) == [4096])
        }
        var other = ByteBuilder(9000)
        other.put([0xD0, 0x5A, 0x11], at: 4116)
        #expect(try starts(other.bytes) == [])
    }

    @Test("What the format rejects, and what starts before the image, is no finding")
    func rejected() throws {
        var image = ByteBuilder(9000)
        image.text("far away", at: Signature.farthest - 1)
        #expect(try starts(image.bytes) == [])
        image = ByteBuilder(9000)
        image.text("x", at: 100)
        image.put([0xC5, 0x5A, 0x11], at: 120)
        #expect(try starts(image.bytes) == [])
    }

    @Test("A format without signature is tried at its interval")
    func interval() throws {
        let size = 2 * ChunkScanner.chunkSize + 4097
        let image = [UInt8](repeating: 7, count: size)
        #expect(try starts(image, Regular.name) == Array(stride(from: 0, to: size, by: 4096)))
    }

    @Test("Each listed format has a unique name and usable signatures")
    func list() {
        #expect(Set(ContentFormats.all.map { $0.name }).count == ContentFormats.all.count)
        for format in ContentFormats.all {
            #expect(!format.signatures.isEmpty || format.interval != nil, "\(format.name)")
            #expect(format.alignment >= 1 && format.interval ?? 512 >= 512)
            for signature in format.signatures {
                let isBlank = Set(signature.bytes).isSubset(of: [0, 0xFF])
                #expect(signature.bytes.count >= 2 && signature.mask.count == signature.bytes.count && !isBlank)
                #expect((0...Signature.farthest).contains(signature.distance), "\(format.name)")
            }
        }
    }
}
