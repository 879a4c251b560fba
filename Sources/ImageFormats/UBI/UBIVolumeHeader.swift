/// The header that records which logical erase block of which volume a physical one holds (Linux
/// `drivers/mtd/ubi/ubi-media.h`, `struct ubi_vid_hdr`).
package struct UBIVolumeHeader: Sendable, Hashable {
    /// The size in bytes.
    package static let size = 64
    /// `UBI!`.
    private static let magic: UInt32 = 0x5542_4921
    /// The volume that holds the volume table (`UBI_LAYOUT_VOLUME_ID`).
    package static let layoutVolume: UInt32 = 0x7FFF_EFFF
    /// The volumes of the fastmap, a record of which physical erase block holds what (`UBI_FM_SB_VOLUME_ID`,
    /// `UBI_FM_DATA_VOLUME_ID`).
    package static let fastmapVolumes: ClosedRange<UInt32> = 0x7FFF_F000...0x7FFF_F001

    package var volume: UInt32
    /// The number of the logical erase block.
    package var block: UInt32
    /// Increases with each header that UBI writes: of two blocks with the same number, the one with the higher sequence
    /// counts.
    package var sequence: UInt64

    /// Parses a header; nil if there is none, or it is damaged.
    package init?(_ bytes: ArraySlice<UInt8>) {
        guard let header = ImageBytes.structure(in: bytes, { try Self(&$0) }) else { return nil }
        self = header
    }

    private init?(_ bytes: inout ImageBytes) throws {
        guard try bytes.number(at: 0) == Self.magic, try bytes.hasUBISum(after: 0..<60) else { return nil }
        volume = try bytes.number(at: 8)
        block = try bytes.number(at: 12)
        sequence = try bytes.number(at: 40)
    }

    /// Whether the block belongs to a fastmap.
    package var isFastmap: Bool { Self.fastmapVolumes.contains(volume) }
}
