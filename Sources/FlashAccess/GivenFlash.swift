/// Flash of which only the user knows: the bootloader does not report it, or not how large it is.
package struct GivenFlash: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Memory-mapped: it is read at its address.
        case nor
        /// Serial NOR, read by commands of its own, such as U-Boot's `sf`.
        case spi
        /// Raw NAND, read by commands of its own, such as U-Boot's `nand`.
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
package struct GivenMemory: Sendable, Hashable {
    package var flash: [GivenFlash]
    /// RAM that nothing uses; nil lets Flashkeep find it.
    package var freeRAM: Range<UInt64>?

    package init(flash: [GivenFlash] = [], freeRAM: Range<UInt64>? = nil) {
        self.flash = flash
        self.freeRAM = freeRAM
    }
}
