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
        volumes = []
        let table = UBIBytes(bytes)
        for id in 0..<min(Self.limit, bytes.count / Self.recordSize) {
            guard let part = table.part(id * Self.recordSize, Self.recordSize) else { return nil }
            let record = UBIBytes(part)
            guard record.isSummed(168), let reserved = record.number(UInt32.self, at: 0),
                let type = record.number(UInt8.self, at: 12), let length = record.number(UInt16.self, at: 14)
            else { return nil }
            guard reserved > 0 else { continue }
            guard length < 128, let name = record.part(16, Int(length)) else { return nil }
            volumes.append(
                Volume(
                    id: id, name: String(decoding: name, as: UTF8.self), reservedBlocks: Int(reserved),
                    isStatic: type == 2))
        }
    }
}
