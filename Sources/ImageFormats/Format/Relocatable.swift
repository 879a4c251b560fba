/// A format whose erase blocks record what they hold, so that any of them may be anywhere in the partition: flash with
/// other bad blocks can take it.
package protocol Relocatable: ImageFormat {
    /// Inspects a run of erase blocks.
    ///
    /// - Parameters:
    ///   - count: the number of erase blocks.
    ///   - blockSize: their size in bytes.
    ///   - isMissing: whether a block has no bytes to read.
    ///   - read: returns `count` bytes of a block, from an offset in it.
    /// - Returns: nil if they are not in this format, all of them.
    static func find(
        count: Int, blockSize: Int, isMissing: (Int) -> Bool,
        read: (_ block: Int, _ offset: Int, _ count: Int) throws -> [UInt8]
    ) throws -> Self?

    /// Decides which blocks go where on flash whose bad blocks are others. Each block that holds something lands on a good
    /// one, and nothing that the flash held before remains in a good one.
    ///
    /// - Parameters:
    ///   - isBad: whether a block of the target cannot be used.
    ///   - wasBad: whether the block was bad where these blocks were read.
    /// - Returns: for each block of the target the number of the block whose bytes it gets; nil for one that gets none.
    /// - Throws: ``PlacementRefusal`` if there is not enough room.
    func placement(isBad: (Int) -> Bool, wasBad: (Int) -> Bool) throws(PlacementRefusal) -> [Int?]

    /// Whether a block that starts with these bytes would be taken for a part of the format, however the rest of it reads.
    /// A block that failed to program must not be left like that, since its bytes lie elsewhere.
    static func claims(_ start: ArraySlice<UInt8>) -> Bool
}

/// Why blocks do not fit on flash.
package struct PlacementRefusal: Error, Hashable {
    /// A clause: `its volumes need 20 good erase blocks, and the board has 19`.
    package var why: String

    package init(why: String) {
        self.why = why
    }
}
