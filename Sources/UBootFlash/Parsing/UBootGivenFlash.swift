/// Flash of which only the user knows: this U-Boot does not tell of it, or not how large it is.
package struct UBootGivenFlash: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Memory-mapped: it is read at its address.
        case nor
        /// Serial NOR, read by `sf`.
        case spi
        /// Raw NAND, read by `nand`.
        case nand
    }

    package var kind: Kind
    /// The address of its first byte, if it is memory-mapped; else 0.
    package var start: UInt64
    /// Bytes.
    package var size: Int
    /// Bytes of an erase block; nil if unknown.
    package var eraseBlockSize: Int?

    package init(kind: Kind, start: UInt64, size: Int, eraseBlockSize: Int?) {
        self.kind = kind
        self.start = start
        self.size = size
        self.eraseBlockSize = eraseBlockSize
    }
}

/// What a user gives of a board's memory map.
package struct UBootGivenMemory: Sendable, Hashable {
    package var flash: [UBootGivenFlash]
    /// RAM that nothing uses; nil lets Flashkeep find it.
    package var freeRAM: Range<UInt64>?

    package init(flash: [UBootGivenFlash] = [], freeRAM: Range<UInt64>? = nil) {
        self.flash = flash
        self.freeRAM = freeRAM
    }
}
