import FlashModel
import Testing

@Suite struct BlockChangeTests {
    /// All pairs of two-byte blocks, compared with the definitions of the cases.
    @Test func everyPairOfShortBlocks() {
        let values: [UInt8] = [0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF]
        let blocks = values.flatMap { first in values.map { [first, $0] } }
        for old in blocks {
            for new in blocks {
                let change = BlockChange(from: old, to: new)
                let isClearedOnly = zip(old, new).allSatisfy { $0 & $1 == $1 }
                switch change {
                case nil: #expect(old == new)
                case .written: #expect(old == [0xFF, 0xFF] && new != old)
                case .erased: #expect(new == [0xFF, 0xFF] && new != old)
                case .bitsCleared: #expect(isClearedOnly && old != [0xFF, 0xFF] && new != old)
                case .rewritten: #expect(!isClearedOnly && new != [0xFF, 0xFF])
                }
            }
        }
    }
}
