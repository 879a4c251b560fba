/// A generator that gives the same numbers for the same seed (Steele, Lea, Flood: SplitMix).
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    package init(state: UInt64) {
        self.state = state
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

extension SplitMix64 {
    /// Bytes that are the same for the same seed.
    package static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(state: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let next = random.next()
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: next >> ($0 * 8)) }
        }
        return Array(bytes.prefix(count))
    }
}

extension Collection {
    /// One of its elements, or another where there are none.
    package func randomElement(using random: inout SplitMix64, or other: Element) -> Element {
        randomElement(using: &random) ?? other
    }
}
