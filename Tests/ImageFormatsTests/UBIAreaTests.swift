import Foundation
import ImageFormats
import TestSupport
import Testing

@Suite("UBI on flash")
struct UBIAreaTests {
    private static let size = 2_048
    private static let page = 256

    /// The first 4096 bytes of each of eight erase blocks written by Linux 6.1, with headers at 0 and 512.
    private static func recorded() throws -> [[UInt8]] {
        let file = try #require(
            Bundle.module.url(forResource: "Fixtures/linux-ubi-peb-heads-4096", withExtension: "bin"))
        let bytes = [UInt8](try Data(contentsOf: file))
        return stride(from: 0, to: bytes.count, by: 4_096).map { Array(bytes[$0..<$0 + 4_096]) }
    }

    private static func find(_ blocks: [[UInt8]], missing: Set<Int> = []) throws -> UBIArea? {
        try UBIArea.find(
            count: blocks.count, blockSize: blocks.first?.count ?? 0, isMissing: { missing.contains($0) },
            read: { Array(blocks[$0][$1..<$1 + $2]) })
    }

    @Test("UBI written by Linux")
    func linux() throws {
        let area = try #require(try Self.find(Self.recorded()))
        let held = area.blocks.map { block -> String in
            switch block {
            case .used(let header):
                "\(header.volume == UBIVolumeHeader.layoutVolume ? -1 : Int(header.volume)):\(header.block)"
            case .free: "free"
            default: "\(block)"
            }
        }
        #expect(held == ["0:0", "0:1", "0:2", "1:0", "1:1", "-1:0", "-1:1", "free"])
        // The recording ends within the table.
        #expect(!area.hasFastmap && area.volumes?.volumes.map(\.reservedBlocks).count == 2)
        #expect(area.volumes?.volumes.first?.isStatic == true && area.volumes?.volumes.last?.isStatic == false)
    }

    @Test("Constructed UBI with a table, a fastmap, bad and blank blocks")
    func sample() throws {
        func block(_ volume: UInt32, _ number: UInt32, _ data: [UInt8] = [1]) -> [UInt8] {
            SampleUBI.block(size: Self.size, page: Self.page, holds: .init(volume, number), data: data)
        }
        let blank = [UInt8](repeating: 0xFF, count: Self.size)
        var torn = block(0, 2)
        torn[10] ^= 1
        let blocks = [
            block(SampleUBI.layout, 0, SampleUBI.table([3, 2], in: Self.size - 2 * Self.page)), block(0, 0), blank,
            torn, block(SampleUBI.fastmap, 0),
            SampleUBI.block(size: Self.size, page: Self.page), blank,
        ]
        let area = try #require(try Self.find(blocks, missing: [6]))
        #expect(area.blocks[2] == .blank && area.blocks[3] == .damaged && area.blocks[5] == .free)
        #expect(area.blocks[6] == .missing && area.hasFastmap)
        #expect(area.volumes?.volumes.map(\.name) == ["volume0", "volume1"])
        #expect(area.neededBlocks == 3 + 2 + 4)
    }

    @Test("Flash without UBI, or with two of them")
    func others() throws {
        let mine = SampleUBI.block(size: Self.size, page: Self.page)
        let other = SampleUBI.block(size: Self.size, page: Self.page, image: 8)
        let kernel = [UInt8](repeating: 0x27, count: Self.size)
        let blank = [UInt8](repeating: 0xFF, count: Self.size)
        #expect(try Self.find([mine, other]) == nil)
        let none = SampleUBI.block(size: Self.size, page: Self.page, image: 0)
        #expect(try Self.find([none, mine, none]) != nil)
        #expect(try Self.find([none, mine, other]) == nil)
        #expect(try Self.find([kernel, mine, mine]) == nil)
        #expect(try Self.find([blank, blank]) == nil)
        #expect(try Self.find([mine, kernel, kernel]) == nil)
        #expect(try Self.find([]) == nil)
    }

    @Test("Arbitrary bytes never trap")
    func hostile() throws {
        var random = SplitMix64(state: 11)
        let whole = [
            SampleUBI.block(
                size: Self.size, page: Self.page, holds: .init(SampleUBI.layout, 0),
                data: SampleUBI.table([3, 2], in: Self.size - 2 * Self.page)),
            SampleUBI.block(size: Self.size, page: Self.page, holds: .init(0, 0), data: [1, 2, 3]),
        ]
        for _ in 0..<4_000 {
            var blocks = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let block = Int.random(in: 0..<blocks.count, using: &random)
                let place = Int.random(in: 0..<700, using: &random)
                blocks[block][place] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try Self.find(blocks)
        }
        for count in 0..<200 {
            #expect(UBIEraseCounterHeader(whole[0][0..<min(count, 63)]) == nil)
            _ = UBIVolumeTable(whole[0][512..<512 + count])
        }
    }
}
