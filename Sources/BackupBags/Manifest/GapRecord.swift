/// A region of a chip that no image contains.
package struct GapRecord: Sendable, Codable, Hashable {
    /// ``FlashModel/Chip/id``.
    package var chip: String
    /// Bytes from the start of the chip.
    package var offset: Int
    /// The size in bytes; nil if the gap extends to the end of a chip of unknown size.
    package var size: Int?
    /// Why the bytes are missing; one line.
    package var reason: String

    package init(chip: String, offset: Int, size: Int?, reason: String) {
        self.chip = chip
        self.offset = offset
        self.size = size
        self.reason = reason
    }

    // Written as null if nil, to show readers that it was not forgotten.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(chip, forKey: .chip)
        try container.encode(offset, forKey: .offset)
        try container.encode(size, forKey: .size)
        try container.encode(reason, forKey: .reason)
    }
}
