import BackupBags
import FlashModel
import Operations
import SystemPackage
import Testing

@Suite("Extracting a backup")
struct ExtractTests {
    private let bags: SampleBags

    init() throws {
        bags = try SampleBags()
    }

    @Test("Every partition becomes a file, those within others too, and what has none is named")
    func all() async throws {
        let bag = try bags.make("b")
        let folder = bags.path.appending("out")
        let report = try await Extract.run(bag: bag, to: folder)
        #expect(report.ok)
        #expect(
            report.partitions.map { "\($0.index) \($0.file ?? "-") \($0.reason ?? "")" } == [
                "0 mtd0-boot_loader.bin ", "1 mtd1-all.bin ", "2 mtd2-kernel.bin ", "3 - the board would not give it",
            ])
        let second = try bags.read(bag.appending(SampleBags.second))
        #expect(try bags.read(folder.appending("mtd1-all.bin")) == second)
        #expect(try bags.read(folder.appending("mtd2-kernel.bin")) == Array(second[0x1000..<0x2800]))
        #expect(try bags.read(folder.appending("mtd0-boot_loader.bin")) == bags.read(bag.appending(SampleBags.first)))
        #expect(report.partitions[2].damage == ["512 bytes at 0x00000200: ecc-failed"])
        #expect(try bags.names(folder).count == 3)

        let error = await #expect(throws: FlashkeepError.self) { _ = try await Extract.run(bag: bag, to: folder) }
        #expect(error?.code == .targetExists)
    }

    @Test("Of an image that was changed there are no files, and the others are made")
    func changed() async throws {
        let bag = try bags.make("b")
        try bags.flip(bag.appending(SampleBags.second), at: 0x2000)
        let folder = bags.path.appending("out")
        let report = try await Extract.run(bag: bag, to: folder)
        #expect(!report.ok)
        #expect(try bags.names(folder) == ["mtd0-boot_loader.bin"])
        #expect(report.partitions[2].reason?.contains("SHA-256") == true)
    }

    @Test("Nothing is put into the backup itself")
    func withinTheBackup() async throws {
        let bag = try bags.make("b")
        for folder in [bag, bag.appending("data/out"), bags.path.appending("x/../b/out")] {
            await #expect(throws: FlashkeepError(.usage, what: "", why: "", next: "")) {
                _ = try await Extract.run(bag: bag, to: folder)
            }
        }
        #expect(try await Verify.run(bag: bag).ok)
    }

    @Test("A file in the place of the folder is not touched")
    func file() async throws {
        let bag = try bags.make("b")
        let folder = bags.path.appending("out")
        try bags.write([1], folder)
        await #expect(throws: FlashkeepError.self) { _ = try await Extract.run(bag: bag, to: folder) }
        #expect(try bags.read(folder) == [1])
    }
}
