/// A format whose erase blocks record what they hold, so that each may be anywhere in the partition. It can be restored
/// to flash with other bad blocks.
package protocol Relocatable: ImageFormat {
    /// Inspects a run of erase blocks.
    ///
    /// - Parameters:
    ///   - count: the number of erase blocks.
    ///   - blockSize: their size in bytes.
    ///   - isMissing: whether a block has no bytes to read.
    ///   - read: returns `count` bytes of a block, from an offset in it.
    /// - Returns: nil unless all of them are in this format.
    static func find(
        count: Int, blockSize: Int, isMissing: (Int) -> Bool,
        read: (_ block: Int, _ offset: Int, _ count: Int) throws -> [UInt8]
    ) throws -> Self?

    /// Assigns the blocks to positions on flash with other bad blocks. Each block with content is assigned to a good
    /// block, and no good block keeps what the flash held before.
    ///
    /// - Parameters:
    ///   - isBad: whether a block of the target cannot be used.
    ///   - wasBad: whether the block was bad in the flash that was read.
    /// - Returns: for each block of the target, the number of the block whose bytes it receives; nil for none.
    /// - Throws: ``PlacementRefusal`` if there is not enough space.
    func placement(isBad: (Int) -> Bool, wasBad: (Int) -> Bool) throws(PlacementRefusal) -> [Int?]

    /// Whether a block that starts with these bytes would be accepted as part of the format, whatever the rest
    /// contains. A block that failed to program must not be left like that, since its bytes are stored elsewhere.
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
