/// The volume table, which is the content of the layout volume's two blocks (Linux `drivers/mtd/ubi/ubi-media.h`,
/// `struct ubi_vtbl_record`).
package struct UBIVolumeTable: Sendable, Hashable {
    /// A volume.
    package struct Volume: Sendable, Hashable {
        package var id: Int
        package var name: String
        /// The number of physical erase blocks reserved for it.
        package var reservedBlocks: Int
        /// Whether it is static, written once with checksums; otherwise it holds a file system that changes.
        package var isStatic: Bool
    }

    /// The size of a record in bytes.
    private static let recordSize = 172
    /// `UBI_MAX_VOLUMES`.
    private static let limit = 128
    /// A size in bytes that is enough for every table.
    package static let size = recordSize * limit

    /// Sorted by id, ascending.
    package var volumes: [Volume]

    /// Parses a table; nil if a record is damaged.
    ///
    /// - Parameter bytes: from the data offset of a block of the layout volume; the table ends where the bytes end.
    package init?(_ bytes: ArraySlice<UInt8>) {
        guard let table = ImageBytes.structure(in: bytes, { try Self(&$0) }) else { return nil }
        self = table
    }

    private init?(_ bytes: inout ImageBytes) throws {
        volumes = []
        for id in 0..<min(Self.limit, bytes.size / Self.recordSize) {
            let start = id * Self.recordSize
            guard try bytes.hasUBISum(after: start..<start + 168) else { return nil }
            let reserved = try bytes.number(UInt32.self, at: start)
            guard reserved > 0 else { continue }
            let length = try bytes.number(UInt16.self, at: start + 14)
            guard length < 128 else { return nil }
            volumes.append(
                Volume(
                    id: id, name: String(decoding: try bytes.bytes(at: start + 16, count: Int(length)), as: UTF8.self),
                    reservedBlocks: Int(reserved), isStatic: try bytes.number(UInt8.self, at: start + 12) == 2))
        }
    }
}
