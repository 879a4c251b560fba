/// A region of a chip that no image covers.
package struct GapRecord: Sendable, Codable, Hashable {
    /// ``FlashModel/Chip/id``.
    package var chip: String
    /// Bytes from the start of the chip.
    package var offset: Int
    /// Bytes.
    package var size: Int
    /// Why it is not here; one line.
    package var reason: String

    package init(chip: String, offset: Int, size: Int, reason: String) {
        self.chip = chip
        self.offset = offset
        self.size = size
        self.reason = reason
    }
}
