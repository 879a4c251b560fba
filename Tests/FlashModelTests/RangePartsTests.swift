import FlashModel
import Testing

@Suite struct RangePartsTests {
    @Test func partsCoverTheRangeAndEndAtMultiples() {
        for lower in -9...9 {
            for upper in lower...14 {
                for size in 1...6 {
                    let parts = (lower..<upper).cut(atMultiplesOf: size)
                    #expect(parts.flatMap { Array($0) } == Array(lower..<upper))
                    #expect(parts.allSatisfy { !$0.isEmpty && $0.count <= size })
                    #expect(parts.dropLast().allSatisfy { $0.upperBound.isMultiple(of: size) })
                }
            }
        }
    }

    @Test func whatHasNoMultiplesStaysWhole() {
        #expect((3..<8).cut(atMultiplesOf: 0) == [3..<8])
        #expect((3..<8).cut(atMultiplesOf: -4) == [3..<8])
        #expect((3..<3).cut(atMultiplesOf: 0) == [])
        #expect((Int.max - 3..<Int.max).cut(atMultiplesOf: Int.max) == [Int.max - 3..<Int.max])
        #expect((Int.max - 3..<Int.max).cut(atMultiplesOf: 1 << 62) == [Int.max - 3..<Int.max])
    }
}
