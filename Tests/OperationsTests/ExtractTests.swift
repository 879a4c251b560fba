import BackupBags
import FlashModel
import LocalFiles
import SystemPackage
import TestSupport
import Testing

@testable import Operations

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

        let again = try await Extract.run(bag: bag, to: folder)
        #expect(again.ok && again.partitions.filter(\.wasThere).count == 3)
    }

    @Test(
        "A file that is not the backup's is never replaced, and then nothing is written", arguments: [0x1800, 0x17FF])
    func foreign(size: Int) async throws {
        let bag = try bags.make("b")
        let folder = bags.path.appending("out")
        _ = try await Extract.run(bag: bag, to: folder)
        let kernel = folder.appending("mtd2-kernel.bin")
        var bytes = Array(try bags.read(kernel).prefix(size))
        bytes[size - 1] ^= 1
        try bags.write(bytes, kernel)
        try bags.remove(folder.appending("mtd1-all.bin"))
        let error = await #expect(throws: FlashkeepError.self) { _ = try await Extract.run(bag: bag, to: folder) }
        #expect(error?.code == .targetExists)
        #expect(try bags.read(kernel) == bytes)
        #expect(try bags.names(folder).count == 2)
    }

    @Test("After a disk failure at any operation, the same command resumes", arguments: [Errno.ioError, .noSpace])
    func failingDisk(_ number: Errno) async throws {
        let bag = try bags.make("b")
        let counter = DiskTrouble()
        let intact = bags.path.appending("intact")
        _ = try await Extract.run(bag: bag, to: intact, disk: Disk(watcher: counter))
        #expect(counter.count > 10)
        for operation in 0..<counter.count {
            let folder = bags.path.appending("out\(operation)")
            let trouble = DiskTrouble(failing: operation..<Int.max, number)
            let error = await #expect(throws: FlashkeepError.self) {
                _ = try await Extract.run(bag: bag, to: folder, disk: Disk(watcher: trouble))
            }
            #expect(error?.code == (number == .noSpace ? .diskFull : .fileUnavailable))
            let report = try await Extract.run(bag: bag, to: folder)
            #expect(report.ok)
            #expect(try bags.names(folder).sorted() == bags.names(intact).sorted())
            for name in try bags.names(intact) {
                let isEqual = try bags.read(folder.appending(name)) == bags.read(intact.appending(name))
                #expect(isEqual, "\(name) after \(operation)")
            }
        }
    }

    @Test("However many partitions contain a place, few files are open at once", arguments: [1, 2, 5])
    func groups(limit: Int) {
        var random = SplitMix64(state: 11)
        for _ in 0..<200 {
            let pieces = (0..<Int.random(in: 0...30, using: &random)).map { index in
                let start = Int.random(in: 0..<40, using: &random)
                return ExtractedPiece(
                    index: index, name: "\(index)", range: start..<start + Int.random(in: 1...20, using: &random))
            }
            let groups = pieces.grouped(openingAtMost: limit)
            #expect(Set(groups.flatMap(\.self)) == Set(pieces) && groups.flatMap(\.self).count == pieces.count)
            for group in groups {
                for place in 0..<60 { #expect(group.count { $0.range.contains(place) } <= limit) }
            }
        }
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
        let link = bags.path.appending("link")
        try bags.link(link, to: bag.string)
        let folders = [
            bag, bag.appending("data/out"), bags.path.appending("x/../b/out"), link, link.appending("data/out"),
        ]
        for folder in folders {
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
