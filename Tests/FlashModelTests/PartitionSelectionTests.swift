import FlashModel
import Testing

@Suite("Partitions that a user names")
struct PartitionSelectionTests {
    private static func partitions(_ names: [String]) -> [Partition] {
        names.enumerated().map { index, name in
            Partition(
                index: index, name: name, chip: "spi0.0", offset: index * 0x1000, offsetSource: .sysfs, size: 0x1000,
                eraseBlockSize: 0x1000, pageSize: 1, oobSize: 0, type: "nor")
        }
    }

    private static func resolve(_ words: [String], _ names: [String]) -> Result<[Int], PartitionSelection.Fault> {
        do throws(PartitionSelection.Fault) {
            return .success(try PartitionSelection(words).resolve(in: partitions(names)).map(\.index))
        } catch {
            return .failure(error)
        }
    }

    @Test(
        "Labels and names, commas and repetitions",
        arguments: [
            (["mtd1"], [1]), (["kernel"], [1]), (["mtd0,kernel"], [0, 1]), (["kernel", "mtd0"], [1, 0]),
            (["mtd1, mtd1", "kernel"], [1]), (["a,b"], [2]), (["a,b,mtd0"], nil), ([","], []),
        ] as [([String], [Int]?)])
    func words(_ words: [String], _ expected: [Int]?) throws {
        let found = try? Self.resolve(words, ["boot", "kernel", "a,b"]).get()
        #expect(found == expected)
    }

    @Test func faults() {
        #expect(Self.resolve(["nosuch"], ["boot"]) == .failure(.unknown("nosuch")))
        #expect(Self.resolve(["x"], ["x", "x"]) == .failure(.ambiguous("x", count: 2)))
        // A label comes before a name that looks like it.
        #expect(Self.resolve(["mtd0"], ["boot", "mtd0"]) == .success([0]))
    }

    @Test("What was not asked for is a gap, and what lies within an asked partition is a view")
    func cover() {
        var survey = Survey(
            chips: [
                Chip(
                    id: "spi0.0", kind: .spiNOR, size: 0x4000, sizeKnowledge: .exact, eraseBlockSize: 0x1000,
                    pageSize: 1,
                    oobSize: 0, source: "sysfs")
            ],
            partitions: Self.partitions(["boot", "firmware", "rest"]), table: .complete)
        survey.partitions[1].size = 0x2000
        survey.partitions[2].offset = 0x2000
        let cover = ReadCoverage.plan(survey, only: [1])
        #expect(cover.images.map(\.offset) == [0x1000] && cover.images.map(\.size) == [0x2000])
        #expect(cover.views.map(\.partition) == [1, 2])
        #expect(cover.skipped.map(\.partition) == [0])
        #expect(cover.gaps.map(\.offset) == [0, 0x3000])
        #expect((cover.gaps.map(\.reason) + cover.skipped.map(\.reason)).allSatisfy { $0 == CoverGap.notAskedFor })
        #expect(ReadCoverage.plan(survey, only: []).images.isEmpty)
    }
}
