/// The header at the start of each physical erase block that UBI has formatted (Linux `drivers/mtd/ubi/ubi-media.h`,
/// `struct ubi_ec_hdr`).
package struct UBIEraseCounterHeader: Sendable, Hashable {
    /// The size in bytes.
    package static let size = 64
    /// `UBI#`.
    private static let magic: UInt32 = 0x5542_4923

    /// How often the block has been erased.
    package var eraseCounter: UInt64
    /// Bytes from the block's start to the volume identifier header.
    package var volumeHeaderOffset: Int
    /// Bytes from the block's start to its data.
    package var dataOffset: Int
    /// Equal in all blocks that were formatted together; 0 if the formatting tool set none.
    package var imageSequence: UInt32

    /// Parses a header; nil if there is none, or it is damaged.
    ///
    /// - Parameter bytes: from the start of an erase block.
    package init?(_ bytes: ArraySlice<UInt8>) {
        guard let header = ImageBytes.structure(in: bytes, { try Self(&$0) }) else { return nil }
        self = header
    }

    private init?(_ bytes: inout ImageBytes) throws {
        guard try bytes.number(at: 0) == Self.magic, try bytes.hasUBISum(after: 0..<60) else { return nil }
        eraseCounter = try bytes.number(at: 8)
        volumeHeaderOffset = Int(try bytes.number(UInt32.self, at: 16))
        dataOffset = Int(try bytes.number(UInt32.self, at: 20))
        imageSequence = try bytes.number(at: 24)
        guard volumeHeaderOffset >= Self.size, dataOffset >= volumeHeaderOffset + UBIVolumeHeader.size else {
            return nil
        }
    }
}
