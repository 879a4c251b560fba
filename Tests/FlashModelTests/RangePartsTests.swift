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

    @Test func whatIsRemovedIsGone() {
        for lower in 0...6 {
            for upper in lower...6 {
                for (start, end) in [(0, 2), (1, 5), (3, 3), (5, 9)] {
                    let rest = [0..<4, 4..<6].removing([lower..<upper, start..<end])
                    let left = (0..<6).filter { !(lower..<upper).contains($0) && !(start..<end).contains($0) }
                    #expect(rest.flatMap { Array($0) } == left)
                    #expect(rest.allSatisfy { !$0.isEmpty && $0.lowerBound / 4 == ($0.upperBound - 1) / 4 })
                    #expect(rest.total == left.count)
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
