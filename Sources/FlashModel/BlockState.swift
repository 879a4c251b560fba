/// The state of an erase block (or a part of one) that is not simply good.
package enum BlockState: String, Sendable, Codable, CaseIterable {
    /// Marked bad by the manufacturer, or at least before the board's kernel started.
    case factoryBad = "factory-bad"
    /// Marked bad by the running system.
    case wornBad = "worn-bad"
    /// Holds the bad-block table.
    case badBlockTable = "bbt"
    /// Read correctly after the ECC repaired flipped bits.
    case eccCorrected = "ecc-corrected"
    /// More flipped bits than the ECC can repair: the saved bytes are damaged.
    case eccFailed = "ecc-failed"
    /// Could not be read: the saved bytes are 0xFF and mean nothing.
    case unread
    /// Written by the running system between two reads.
    case changed
    /// Differed between reads although no write was observed: bad contact, power or a dying cell.
    case unstable

    /// Whether an erase block in this state holds no data at all.
    package var isBad: Bool {
        switch self {
        case .factoryBad, .wornBad, .badBlockTable: true
        case .eccCorrected, .eccFailed, .unread, .changed, .unstable: false
        }
    }

    /// Whether the saved bytes may differ from what the flash held.
    package var isDamage: Bool {
        switch self {
        case .eccFailed, .unread, .unstable: true
        case .factoryBad, .wornBad, .badBlockTable, .eccCorrected, .changed: false
        }
    }
}

/// A run of bytes within an image or partition whose state is not simply good.
package struct BlockFinding: Sendable, Codable, Hashable {
    /// Byte offset from the start of the partition (while reading) or of the image (in a manifest).
    package var offset: Int
    /// The length in bytes.
    package var size: Int
    /// The state.
    package var state: BlockState
    /// A description for people: how many bits were repaired, or what the error was.
    package var detail: String?

    package init(offset: Int, size: Int, state: BlockState, detail: String? = nil) {
        self.offset = offset
        self.size = size
        self.state = state
        self.detail = detail
    }

    /// The same finding, relative to a start that lies `distance` bytes earlier.
    package func shifted(by distance: Int) -> BlockFinding {
        var copy = self
        copy.offset += distance
        return copy
    }

    /// The part of the finding inside a range; nil if there is none.
    package func clipped(to bounds: Range<Int>) -> BlockFinding? {
        let clipped = range.clamped(to: bounds)
        guard !clipped.isEmpty else { return nil }
        var copy = self
        copy.offset = clipped.lowerBound
        copy.size = clipped.count
        return copy
    }

    /// The affected bytes.
    package var range: Range<Int> { offset..<(offset + size) }
}

extension BlockFinding: StretchRecord {
    package func saysTheSame(as other: BlockFinding) -> Bool { state == other.state && detail == other.detail }
}
