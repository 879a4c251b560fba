package import FlashModel

/// What a user wants to be put back, and what risks were named.
package struct RestoreChoice: Sendable, Hashable {
    /// Partitions, as `mtdN` or by name; empty is all that may be written without being asked for.
    package var only: [String]
    /// Kinds of partitions that may be written though a mistake in them can brick the board or cannot be made good:
    /// bootloader, environment, calibration.
    package var allowed: Set<Partition.Role>
    /// Whether the board may be another unit of the same model.
    package var isAnotherUnit: Bool
    /// Partitions, as `mtdN` or by name, whose readers skip bad blocks, so that their content may move past them.
    package var streams: [String]
    /// Whether what the board's system keeps read-only is to be made writable.
    package var unlocks: Bool

    package init(
        only: [String] = [], allowed: Set<Partition.Role> = [], isAnotherUnit: Bool = false, streams: [String] = [],
        unlocks: Bool = false
    ) {
        self.only = only
        self.allowed = allowed
        self.isAnotherUnit = isAnotherUnit
        self.streams = streams
        self.unlocks = unlocks
    }

    /// Kinds that are only written when they are allowed by name.
    package static let guarded: [Partition.Role] = [.bootloader, .environment, .calibration]

    /// Whether a partition is asked for by name.
    func names(_ partition: Partition) -> Bool { Self.is(partition, oneOf: only) }

    /// Whether a partition's reader was said to skip bad blocks.
    func isStream(_ partition: Partition) -> Bool { Self.is(partition, oneOf: streams) }

    private static func `is`(_ partition: Partition, oneOf words: [String]) -> Bool {
        words.contains { $0 == partition.name || $0 == partition.label }
    }
}
