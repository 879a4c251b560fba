import ImageFormats
import TestSupport
import Testing

@Suite("UBI on flash with other bad blocks")
struct UBIPlacementTests {
    private static let size = 2_048
    private static let page = 256
    private static let blank = [UInt8](repeating: 0xFF, count: size)

    private static func block(_ volume: UInt32, _ number: UInt32, _ data: [UInt8] = [1]) -> [UInt8] {
        SampleUBI.block(size: size, page: page, holds: .init(volume, number), data: data)
    }

    private static func area(_ blocks: [[UInt8]], missing: Set<Int> = []) throws -> UBIArea {
        let found = try ImageFormats.relocatable.lazy.compactMap {
            try $0.find(
                count: blocks.count, blockSize: size, isMissing: { missing.contains($0) },
                read: { Array(blocks[$0][$1..<$1 + $2]) })
        }.first
        return try #require(found as? UBIArea)
    }

    private static let used = [block(0, 0), block(0, 1), block(0, 2)]
    private static let free = SampleUBI.block(size: size, page: page)

    @Test("The data of a bad block moves to the last spare one: formerly bad blocks first, then blank, then free ones")
    func spares() throws {
        let area = try Self.area(Self.used + [Self.blank, Self.free, Self.free, Self.blank], missing: [6])
        #expect(try area.placement(isBad: { _ in false }, wasBad: { $0 == 6 }) == [0, 1, 2, 3, 4, 5, 6])
        #expect(try area.placement(isBad: { $0 == 1 }, wasBad: { $0 == 6 }) == [0, nil, 2, 3, 4, 5, 1])
        #expect(try area.placement(isBad: { [0, 1].contains($0) }, wasBad: { $0 == 6 }) == [nil, nil, 2, 1, 4, 5, 0])
        #expect(
            try area.placement(isBad: { [0, 1, 2].contains($0) }, wasBad: { $0 == 6 }) == [nil, nil, nil, 1, 4, 2, 0])
        // A block that was unreadable but not bad is not spare, because its contents are unknown.
        #expect(try area.placement(isBad: { $0 == 1 }, wasBad: { _ in false }) == [0, nil, 2, 1, 4, 5, 6])
        // A free block has nothing to lose.
        #expect(try area.placement(isBad: { $0 == 4 }, wasBad: { $0 == 6 }) == [0, 1, 2, 3, nil, 5, 6])
    }

    @Test("A fastmap is dropped, because it would no longer be valid")
    func fastmap() throws {
        let area = try Self.area(Self.used + [Self.block(SampleUBI.fastmap, 0), Self.free])
        #expect(try area.placement(isBad: { $0 == 0 }, wasBad: { _ in false }) == [nil, 1, 2, 0, 4])
        // An empty block replaces it, so there must be one.
        #expect(try area.placement(isBad: { _ in false }, wasBad: { _ in false }) == [0, 1, 2, 4, 4])
        #expect(throws: PlacementRefusal(why: "the backup has no free erase block")) {
            try area.placement(isBad: { $0 == 4 }, wasBad: { _ in false })
        }
    }

    @Test("Too few good blocks")
    func full() throws {
        let area = try Self.area(Self.used + [Self.free])
        #expect(
            throws: PlacementRefusal(
                why: "2 of its erase blocks are bad on the board, and 1 are free in the backup")
        ) { try area.placement(isBad: { $0 < 2 }, wasBad: { _ in false }) }
        let table = SampleUBI.table([3], in: Self.size - 2 * Self.page)
        let counted = try Self.area(
            [Self.block(SampleUBI.layout, 0, table)] + Self.used + [Self.free, Self.free, Self.free])
        #expect(counted.neededBlocks == 7)
        #expect(throws: PlacementRefusal(why: "its volumes need 7 good erase blocks, and the board has 6")) {
            try counted.placement(isBad: { $0 == 6 }, wasBad: { _ in false })
        }
    }

    @Test("Only an intact header claims a block")
    func claims() {
        var torn = Self.free
        torn[10] ^= 1
        #expect(UBIArea.claims(Self.free[...]))
        #expect(!UBIArea.claims(torn[...]) && !UBIArea.claims(Self.blank[...]) && !UBIArea.claims([]))
    }
}
