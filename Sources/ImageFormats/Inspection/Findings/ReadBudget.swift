import FlashModel

/// How much the examination of one format may read of one image, so that an image full of magic numbers takes no more
/// time than a multiple of its size.
package final class ReadBudget {
    /// The budget is exhausted: what follows is not examined.
    package struct Exhausted: Error {}

    /// Bytes left for headers.
    private var headers: Int
    /// Bytes left for checksums and decoding.
    private var proofs: Int

    /// - Parameter size: of the image in bytes.
    package init(size: Int) {
        headers = Self.multiple(size, 2)
        proofs = Self.multiple(size, 3)
    }

    private static func multiple(_ size: Int, _ factor: Int) -> Int { size.times(factor)?.plus(64 << 20) ?? .max }

    /// Takes bytes for headers.
    func chargeHeaders(_ count: Int) throws {
        headers -= count
        if headers < 0 { throw Exhausted() }
    }

    /// Whether so many bytes may be read to prove something; takes them.
    func allowsProof(_ count: Int) -> Bool {
        guard count <= proofs else { return false }
        proofs -= count
        return true
    }
}
