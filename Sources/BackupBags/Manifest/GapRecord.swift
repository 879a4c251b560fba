/// A region of a chip that no image covers.
package struct GapRecord: Sendable, Codable, Hashable {
    /// ``FlashModel/Chip/id``.
    package var chip: String
    /// Bytes from the start of the chip.
    package var offset: Int
    /// Bytes; nil where it reaches to the end of a chip whose size is not known.
    package var size: Int?
    /// Why it is not here; one line.
    package var reason: String

    package init(chip: String, offset: Int, size: Int?, reason: String) {
        self.chip = chip
        self.offset = offset
        self.size = size
        self.reason = reason
    }

    // Written as null where it is nil, so that a reader sees that nothing was forgotten.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(chip, forKey: .chip)
        try container.encode(offset, forKey: .offset)
        try container.encode(size, forKey: .size)
        try container.encode(reason, forKey: .reason)
    }
}
