import FlashModel

/// A run of erase blocks that UBI manages, in their order on flash. Each block records what it holds, so each may be
/// anywhere.
package struct UBIArea: Relocatable {
    package static let name = "UBI"

    /// The content of a physical erase block.
    package enum Block: Sendable, Hashable {
        /// The block is bad or could not be read.
        case missing
        /// 0xFF where its headers should be.
        case blank
        /// Formatted and empty.
        case free
        /// Holds a logical erase block.
        case used(UBIVolumeHeader)
        /// None of these; UBI would set it aside.
        case damaged
    }

    /// In the order of their positions; empty if only the start of a file was read, which does not reveal their size.
    package let blocks: [Block]
    /// nil if neither copy of the table is intact.
    package let volumes: UBIVolumeTable?

    /// Recognizes a file by the magic number of its first erase block, intact or not.
    package static func recognize(_ bytes: inout ImageBytes) throws -> UBIArea? {
        try bytes.has(Array("UBI#".utf8), at: 0) ? UBIArea(blocks: [], volumes: nil) : nil
    }

    package var summary: String { "a UBI image, made to be written to NAND" }

    package static func claims(_ start: ArraySlice<UInt8>) -> Bool { UBIEraseCounterHeader(start) != nil }

    /// Physical erase blocks that UBI needs in addition to those of the volumes: two for the layout volume, one for
    /// wear levelling, one for atomic changes (Linux `drivers/mtd/ubi/ubi.h`: `UBI_LAYOUT_VOLUME_EBS`,
    /// `WL_RESERVED_PEBS`, `EBA_RESERVED_PEBS`).
    private static let ownBlocks = 4

    /// The number of good erase blocks that UBI needs to attach; nil if the volume table is unknown.
    package var neededBlocks: Int? {
        volumes.map { $0.volumes.map(\.reservedBlocks).saturatingSum().addingReportingOverflow(Self.ownBlocks) }
            .map { $0.overflow ? .max : $0.partialValue }
    }

    /// Whether it has a fastmap, which becomes invalid when a block is moved.
    package var hasFastmap: Bool {
        blocks.contains { if case .used(let header) = $0 { header.isFastmap } else { false } }
    }

    /// Inspects the headers of erase blocks.
    ///
    /// - Returns: nil if this is not a UBI area: some block is something else, none was formatted, or they were
    ///   formatted differently.
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
                // Not foreign data: a power cut may have left the block half erased.
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
            // Linux accepts 0 as any sequence (`drivers/mtd/ubi/attach.c`, scan_peb).
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
