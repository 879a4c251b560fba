import FlashModel
import ImageFormats
import Testing

@Suite("The list of image formats")
struct FormatListTests {
    /// A format that only this file declares: all that a new one needs, except for its entry in the list.
    private struct Toy: Bootable {
        static let name = "toy"
        let version: UInt8

        static func recognize(_ bytes: inout ImageBytes) throws -> Toy? {
            guard try bytes.has(Array("TOY!".utf8), at: 0) else { return nil }
            return Toy(version: try bytes.number(at: 4))
        }

        var summary: String { "toy, version \(version)" }
        var command: BootCommand? { .bootz }
        func fault(fileSize: Int) -> String? { version == 0 ? "It is a toy that was never finished." : nil }
    }

    private static let formats: [any ImageFormat.Type] = ImageFormats.all + [Toy.self]

    private static func toy(_ version: UInt8) -> [UInt8] { Array("TOY!".utf8) + [version] + Array("play".utf8) }

    private static func image(_ bytes: [UInt8], among formats: [any ImageFormat.Type] = formats) throws -> BootImage {
        try BootImage(size: bytes.count, among: formats) { Array(bytes[$0]) }
    }

    @Test("An additional format is found, and can be started")
    func another() throws {
        let image = try Self.image(Self.toy(3))
        #expect(image.format as? Toy == Toy(version: 3))
        #expect(image.summary == "toy, version 3" && image.command == .bootz && image.room == 9)
        #expect(image.architecture == nil && image.target(memoryStart: 0) == nil)
        #expect(image.refusal(file: "x", board: .mips) == nil)
        #expect(try Self.image(Self.toy(0)).refusal(file: "x")?.why == "It is a toy that was never finished.")
        #expect(try Self.image(Self.toy(3), among: ImageFormats.all).format == nil)
        // Shorter than its own header.
        #expect(try Self.image(Array("TOY!".utf8)).format == nil)
    }

    @Test("The other formats are still found")
    func others() throws {
        #expect(try Self.image(Array("hsqs".utf8) + Self.toy(3)).summary == "a SquashFS file system")
        #expect(try Self.image([0x1F, 0x8B, 8] + Self.toy(3)).format is CompressedFile)
        #expect(try Self.image(Array("UBI#".utf8) + Self.toy(3)).format is UBIArea)
        #expect(
            try Self.image(Array("UBI#".utf8)).refusal(file: "x")?.why
                == "It is a UBI image, made to be written to NAND.")
    }

    @Test("Each format has a unique name, and the weakest magic number comes last")
    func names() {
        #expect(Set(ImageFormats.all.map { $0.name }).count == ImageFormats.all.count)
        #expect(ImageFormats.all.last == CompressedFile.self)
        #expect(ImageFormats.relocatable.map { $0.name } == ["UBI"])
    }

    @Test("Each format may read as much as the first")
    func budget() throws {
        /// Reads all that it may, and recognizes nothing.
        struct Greedy: ImageFormat {
            static let name = "greedy"
            let summary = ""

            static func recognize(_ bytes: inout ImageBytes) throws -> Greedy? {
                for start in stride(from: 0, to: 16 << 20, by: 65536) { _ = try bytes.bytes(at: start, count: 65536) }
                return nil
            }
        }
        let head = Array("TOY!".utf8) + [3]
        let image = try BootImage(size: 32 << 20, among: [Greedy.self, Toy.self]) { range in
            Array(head.dropFirst(range.lowerBound)) + [UInt8](repeating: 0, count: range.count)
        }
        #expect(image.format as? Toy == Toy(version: 3))
    }
}
