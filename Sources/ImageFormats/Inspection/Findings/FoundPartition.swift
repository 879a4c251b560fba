import FlashModel

/// An entry of a partition table that was found on flash.
package struct FoundPartition: Sendable, Hashable {
    package var name: String
    /// Bytes from the start of the chip, as far as the table says.
    package var offset: Int
    /// The size in bytes; nil if it reaches to the end.
    package var size: Int?

    package init(name: String, offset: Int, size: Int?) {
        (self.name, self.offset, self.size) = (name, offset, size)
    }

    /// `name: offset, size`, in hexadecimal.
    package var text: String {
        "\(name): \(ByteCount.hex(offset)), \(size.map { ByteCount.hex($0) } ?? "to the end")"
    }
}

/// A partition table that was found on flash.
package struct FoundTable: Sendable, Hashable {
    /// What offsets and sizes count.
    package enum Unit: Sendable, Hashable {
        /// Bytes from the start of the chip.
        case bytes
        /// Addresses at which the processor has the flash; sizes are bytes.
        case addresses
        /// Erase blocks from the start of the chip.
        case eraseBlocks
    }

    package var unit: Unit
    package var entries: [FoundPartition]

    package init(_ unit: Unit, _ entries: [FoundPartition]) { (self.unit, self.entries) = (unit, entries) }
}
