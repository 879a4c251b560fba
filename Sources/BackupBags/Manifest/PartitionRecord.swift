package import FlashModel

/// A partition in a manifest.
package struct PartitionRecord: Sendable, Codable, Hashable, Identifiable, PartitionLabelled {
    /// The location of a partition's bytes.
    package struct View: Sendable, Codable, Hashable {
        /// ``ImageRecord/path``.
        package var image: String
        /// Bytes from the start of the image.
        package var offset: Int

        package init(image: String, offset: Int) {
            self.image = image
            self.offset = offset
        }
    }

    /// The number, unique within the backup.
    package var index: Int
    /// What the number counts; nil is ``Partition/Numbering/mtd``.
    package var numbering: Partition.Numbering?
    /// The name in the kernel: any characters, not unique.
    package var name: String
    /// ``Chip/id`` of its chip.
    package var chip: String
    /// Bytes from the start of the chip; nil if unknown.
    package var offset: Int?
    /// The source of its offset.
    package var source: Partition.OffsetSource
    /// The size in bytes, without OOB.
    package var size: Int
    /// The erase block size in bytes.
    package var eraseBlockSize: Int
    /// The page size in bytes; 1 on NOR.
    package var pageSize: Int
    /// Spare bytes per page.
    package var oobSize: Int
    /// The kernel's name for its type: `nor`, `nand`, `ubi`, …
    package var type: String
    /// Whether the kernel allowed writing; nil if unknown.
    package var isWritable: Bool?
    /// The MTD device that contains it, if there is one.
    package var parent: Int?
    /// Its purpose.
    package var role: Partition.Role
    /// Its uses, for people.
    package var uses: [String]
    /// Whether the running system may have written to it while it was read.
    package var isLive: Bool
    /// The known bad blocks, on NAND. Numbers of erase blocks, from the start of the partition.
    package var badBlocks: BadBlockKnowledge?
    /// The location of its bytes; nil if the backup has none.
    package var view: View?
    /// Why there are no bytes, if ``view`` is nil; one line.
    package var reason: String?

    package var id: Int { index }

    /// A surveyed partition, with the location of its bytes or the reason why there are none.
    package init(_ partition: Partition, view: View?, reason: String? = nil) {
        index = partition.index
        numbering = partition.numbering
        name = partition.name
        chip = partition.chip
        offset = partition.offset
        source = partition.offsetSource
        size = partition.size
        eraseBlockSize = partition.eraseBlockSize
        pageSize = partition.pageSize
        oobSize = partition.oobSize
        type = partition.type
        isWritable = partition.isWritable
        parent = partition.parent
        role = partition.role
        uses = partition.uses
        isLive = partition.isLive
        badBlocks = partition.badBlocks
        self.view = view
        self.reason = reason
    }

    /// The partition as surveyed.
    package var partition: Partition {
        Partition(
            index: index, numbering: numbering, name: name, chip: chip, offset: offset, offsetSource: source,
            size: size,
            eraseBlockSize: eraseBlockSize, pageSize: pageSize, oobSize: oobSize, type: type,
            isWritable: isWritable, parent: parent, role: role, uses: uses, isLive: isLive, badBlocks: badBlocks)
    }

    /// Its size in bytes in an image of this representation; nil if it cannot be computed.
    package func size(in representation: ImageRecord.Representation) -> Int? {
        switch representation {
        case .data:
            return size
        case .dataWithOOB:
            guard pageSize > 0, size % pageSize == 0 else { return nil }
            let (spare, overflow) = (size / pageSize).multipliedReportingOverflow(by: oobSize)
            let (all, more) = size.addingReportingOverflow(spare)
            return overflow || more ? nil : all
        }
    }

    /// The partition for people: `mtd0 "RedBoot"`.
    package var title: String { PlainText.partition(label, name) }

    // `offset` and `view` are written as null if nil, to show readers that they were not forgotten.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(index, forKey: .index)
        try container.encodeIfPresent(numbering, forKey: .numbering)
        try container.encode(name, forKey: .name)
        try container.encode(chip, forKey: .chip)
        try container.encode(offset, forKey: .offset)
        try container.encode(source, forKey: .source)
        try container.encode(size, forKey: .size)
        try container.encode(eraseBlockSize, forKey: .eraseBlockSize)
        try container.encode(pageSize, forKey: .pageSize)
        try container.encode(oobSize, forKey: .oobSize)
        try container.encode(type, forKey: .type)
        try container.encodeIfPresent(isWritable, forKey: .isWritable)
        try container.encodeIfPresent(parent, forKey: .parent)
        try container.encode(role, forKey: .role)
        try container.encode(uses, forKey: .uses)
        try container.encode(isLive, forKey: .isLive)
        try container.encodeIfPresent(badBlocks, forKey: .badBlocks)
        try container.encode(view, forKey: .view)
        try container.encodeIfPresent(reason, forKey: .reason)
    }
}
