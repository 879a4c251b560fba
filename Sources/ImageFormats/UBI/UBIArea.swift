import FlashModel

/// A run of erase blocks that UBI manages, as they lie on flash. Which block holds what is written in each of them, so
/// that any of them may lie anywhere.
package struct UBIArea: Sendable, Hashable {
    /// What a physical erase block is.
    package enum Block: Sendable, Hashable {
        /// Nothing was read of it: it is bad, or could not be read.
        case missing
        /// 0xFF where its headers would be.
        case blank
        /// Formatted, and holds nothing.
        case free
        /// Holds a logical erase block.
        case used(UBIVolumeHeader)
        /// Neither; UBI would keep it aside.
        case damaged
    }

    /// By place.
    package let blocks: [Block]
    /// nil where neither copy of the table is whole.
    package let volumes: UBIVolumeTable?

    /// Physical erase blocks that UBI needs beyond those of the volumes: two for the layout volume, one for wear levelling,
    /// one for atomic changes (Linux `drivers/mtd/ubi/ubi.h`: `UBI_LAYOUT_VOLUME_EBS`, `WL_RESERVED_PEBS`,
    /// `EBA_RESERVED_PEBS`).
    private static let ownBlocks = 4

    /// Good erase blocks without which UBI would not attach; nil where the table of volumes is not known.
    package var neededBlocks: Int? {
        volumes.map { $0.volumes.map(\.reservedBlocks).saturatingSum().addingReportingOverflow(Self.ownBlocks) }
            .map { $0.overflow ? .max : $0.partialValue }
    }

    /// Whether it has a fastmap, which no longer holds when a block is moved.
    package var hasFastmap: Bool {
        blocks.contains { if case .used(let header) = $0 { header.isFastmap } else { false } }
    }

    /// Looks at the headers of erase blocks.
    ///
    /// - Parameters:
    ///   - count: erase blocks.
    ///   - blockSize: bytes of one.
    ///   - isMissing: whether there is nothing to read of a block.
    ///   - read: bytes of a block, from an offset in it, as many as were asked for.
    /// - Returns: nil where this is no UBI area: some block is something else, or none was formatted, or they were formatted
    ///   differently.
    package static func find(
        count: Int, blockSize: Int, isMissing: (Int) -> Bool,
        read: (_ block: Int, _ offset: Int, _ count: Int) throws -> [UInt8]
    ) throws -> UBIArea? {
        guard count > 0, blockSize >= UBIEraseCounterHeader.size else { return nil }
        var blocks: [Block] = []
        var first: UBIEraseCounterHeader?
        var sequence: UInt32 = 0
        var tables: [(header: UBIVolumeHeader, place: Int)] = []
        for number in 0..<count {
            guard !isMissing(number) else {
                blocks.append(.missing)
                continue
            }
            let start = try read(number, 0, UBIEraseCounterHeader.size)
            guard let header = UBIEraseCounterHeader(start[...]) else {
                // One that a power cut has left half erased is none of somebody else.
                let isBlank = start.allSatisfy { $0 == 0xFF }
                guard isBlank || first != nil else { return nil }
                blocks.append(isBlank ? .blank : .damaged)
                continue
            }
            guard header.dataOffset < blockSize else { return nil }
            if let first {
                guard first.volumeHeaderOffset == header.volumeHeaderOffset, first.dataOffset == header.dataOffset
                else {
                    return nil
                }
            } else {
                first = header
            }
            // Linux takes a 0 for any (`drivers/mtd/ubi/attach.c`, scan_peb).
            if header.imageSequence != 0 {
                guard sequence == 0 || sequence == header.imageSequence else { return nil }
                sequence = header.imageSequence
            }
            let second = try read(number, header.volumeHeaderOffset, UBIVolumeHeader.size)
            if let header = UBIVolumeHeader(second[...]) {
                blocks.append(.used(header))
                if header.volume == UBIVolumeHeader.layoutVolume { tables.append((header, number)) }
            } else {
                blocks.append(second.allSatisfy { $0 == 0xFF } ? .free : .damaged)
            }
        }
        guard let first, blocks.count(where: { $0 == .damaged }) <= count / 2 else { return nil }
        var volumes: UBIVolumeTable?
        for table in tables.sorted(by: { $0.header.sequence > $1.header.sequence }) where volumes == nil {
            let size = min(blockSize - first.dataOffset, UBIVolumeTable.size)
            volumes = UBIVolumeTable(try read(table.place, first.dataOffset, size)[...])
        }
        return UBIArea(blocks: blocks, volumes: volumes)
    }
}

extension UBIVolumeHeader {
    /// Whether it is of a fastmap.
    package var isFastmap: Bool { Self.fastmapVolumes.contains(volume) }
}
