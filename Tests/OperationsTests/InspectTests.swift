import BackupBags
import FlashModel
import FoundationEssentials
import ImageFormats
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Operations

@Suite("Inspecting a backup or a file")
struct InspectTests {
    private let bags: SampleBags

    init() throws {
        bags = try SampleBags()
    }

    /// A U-Boot environment with a partition table, in erased flash.
    private static func image(at start: Int, size: Int = 0x40000) -> [UInt8] {
        var data = [UInt8](repeating: 0, count: 0x1000 - 4)
        let text = "bootcmd=bootm\0mtdparts=mtdparts=spi0.0:8k(boot loader)ro,4k(other),-(all)\0"
        data.replaceSubrange(0..<text.utf8.count, with: Array(text.utf8))
        let sum = CRC32.sum(of: data)
        var image = [UInt8](repeating: 0xFF, count: size)
        image.replaceSubrange(
            start..<(start + 0x1000), with: (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) } + data)
        return image
    }

    @Test("A file: findings, every byte accounted for, and the partitions that a table on flash defines")
    func file() async throws {
        let path = bags.path.appending("dump.bin")
        try bags.write(Self.image(at: 0x10000), path)
        let report = try await Inspect.run(path)
        #expect(report.isWhole && report.source == path.string)
        let image = try #require(report.images.first)
        #expect(image.name == "dump.bin" && image.size == 0x40000 && image.partitions.isEmpty)
        #expect(image.findings.map(\.format) == ["U-Boot environment"])
        #expect(image.findings.first?.offset == 0x10000 && image.findings.first?.grade == "proven")
        #expect(image.segments.map(\.kind) == [.blank, .finding, .blank])
        #expect(image.segments.map(\.size).reduce(0, +) == image.size)
        let table = try #require(image.tables.first)
        #expect(table.isSame == nil && table.entries.map(\.name) == ["boot loader", "other", "all"])
        #expect(table.entries.map(\.offset) == [0, 0x2000, 0x3000] && table.entries.last?.size == nil)
    }

    @Test("The same on one thread and on several")
    func threads() async throws {
        let bytes = Self.image(at: 0x10000, size: 3 << 20) + Self.image(at: 0x3000)
        let path = bags.path.appending("dump.bin")
        try bags.write(bytes, path)
        let report = try await Inspect.run(path)
        var image = InspectReport.Image(name: "dump.bin", size: bytes.count)
        image.fill(try ImageInspector().inspect(MemorySource(bytes)))
        image.tables = report.images[0].tables
        #expect(report.images == [image])
    }

    @Test("A backup: images by chip and partition, and a table that disagrees with the system")
    func backup() async throws {
        let bag = try bags.make("b")
        try bags.write(Self.image(at: 0x1000, size: 0x4000), bag.appending(SampleBags.second))
        let report = try await Inspect.run(bag)
        #expect(report.images.map(\.name) == [SampleBags.first, SampleBags.second] && report.skipped.isEmpty)
        let image = try #require(report.images.last)
        #expect(image.chip == "spi0.0" && image.offset == 0x2000)
        #expect(image.partitions.map(\.name) == ["all", "kernel"] && image.partitions.map(\.offset) == [0, 0x1000])
        let table = try #require(image.tables.first)
        #expect(table.source == "mtdparts in U-Boot environment, for spi0.0" && table.isSame == false)
        #expect(table.entries.map(\.agreement) == [.same, .resized, .moved])
    }

    @Test("An image that is missing, or has another size, is named")
    func damaged() async throws {
        let bag = try bags.make("b")
        try bags.remove(bag.appending(SampleBags.first))
        try bags.write([1, 2, 3], bag.appending(SampleBags.second))
        let report = try await Inspect.run(bag)
        #expect(!report.isWhole && report.images.isEmpty)
        #expect(report.skipped.map(\.name) == [SampleBags.first, SampleBags.second])
    }

    @Test("Empty, missing, and unfinished")
    func odd() async throws {
        let path = bags.path.appending("empty")
        try bags.write([], path)
        let report = try await Inspect.run(path)
        #expect(report.images.first?.segments.isEmpty == true && report.isWhole)
        await #expect(throws: FlashkeepError.self) { _ = try await Inspect.run(bags.path.appending("none")) }
        await #expect(throws: FlashkeepError.self) { _ = try await Inspect.run(bags.path) }
    }

    @Test("Progress counts all bytes once")
    func progress() async throws {
        let path = bags.path.appending("dump.bin")
        try bags.write(Self.image(at: 0, size: 2_500_000), path)
        let seen = Mutex<[ProgressEvent]>([])
        _ = try await Inspect.run(path, progress: { event in seen.withLock { $0.append(event) } })
        let events = seen.withLock { $0 }
        #expect(events.first == .began(.inspecting, bytes: 2_500_000) && events.last == .ended(.inspecting))
        #expect(events.contains(.advanced(done: 2_500_000, total: 2_500_000)))
    }

    @Test("A report is what it was after it was written as JSON")
    func coding() async throws {
        let path = bags.path.appending("dump.bin")
        try bags.write(Self.image(at: 0x10000), path)
        let report = try await Inspect.run(path)
        let bytes = try JSONText.bytes(of: report, pretty: true)
        #expect(try JSONDecoder().decode(InspectReport.self, from: Data(bytes)) == report)
    }

    private static let check = """
        import json, sys, jsonschema
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft202012Validator.check_schema(schema)
        errors = list(jsonschema.Draft202012Validator(schema).iter_errors(json.load(open(sys.argv[2]))))
        for error in errors: print(list(error.path), error.message)
        sys.exit(1 if errors else 0)
        """

    @Test("A report conforms to the published schema", .enabled(if: Python.path != nil, "\(Python.hint)"))
    func schema() async throws {
        let schema = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
            .appending("Documentation/inspect.schema.json")
        let bag = try bags.make("b")
        try bags.write(Self.image(at: 0x1000, size: 0x4000), bag.appending(SampleBags.second))
        try bags.remove(bag.appending(SampleBags.first))
        let path = bags.path.appending("report.json")
        try bags.write(try JSONText.bytes(of: try await Inspect.run(bag), pretty: true), path)
        #expect(try Python.run(["-c", Self.check, schema.string, path.string]) == 0)
        var text = String(decoding: try bags.read(path), as: UTF8.self)
        text.replace("\"proven\"", with: "\"certain\"")
        try bags.write(Array(text.utf8), path)
        #expect(try Python.run(["-c", Self.check, schema.string, path.string]) == 1)
    }

    @Test("Tables in addresses and in erase blocks are compared by the chip's size and erase blocks")
    func units() {
        let system = FoundTables.System(
            partitions: [
                FoundPartition(name: "RedBoot", offset: 0, size: 0x30000),
                FoundPartition(name: "art", offset: 0x40000, size: 0x10000),
            ], chipSize: 0x80000, eraseBlockSize: 0x10000)
        func table(_ unit: FoundTable.Unit, _ entries: [FoundPartition]) -> InspectReport.Table? {
            let finding = Finding(
                "test", at: 5, size: 1, grade: .plausible, table: FoundTable(unit, entries))
            return FoundTables.tables(in: [finding], system).first
        }
        let directory = table(
            .addresses,
            [
                FoundPartition(name: "RedBoot", offset: 0x5000_0000, size: 0x30000),
                FoundPartition(name: "linux", offset: 0x5004_0000, size: 0x10000),
            ])
        #expect(directory?.entries.map(\.offset) == [0, 0x40000])
        #expect(directory?.entries.map(\.agreement) == [.same, .renamed] && directory?.isSame == false)
        let blocks = table(.eraseBlocks, [FoundPartition(name: "0:ART", offset: 4, size: 1)])
        #expect(blocks?.isSame == true && blocks?.entries.first?.size == 0x10000)
        // Beyond the chip's end, it is of another one; numbers that do not fit are of none.
        #expect(table(.bytes, [FoundPartition(name: "x", offset: 0x80000, size: 1)]) == nil)
        #expect(table(.bytes, [FoundPartition(name: "x", offset: 0x70000, size: 0x10001)]) == nil)
        #expect(table(.eraseBlocks, [FoundPartition(name: "x", offset: .max, size: 1)]) == nil)
    }
}
