package import FlashModel

/// What a user wants restored, and which risks they accept.
package struct RestoreChoice: Sendable, Hashable {
    /// Partitions, as `mtdN` or by name, several in one word if commas separate them; empty means all that need no
    /// explicit request.
    package var only: [String]
    /// Roles that may be written, although a mistake in them can brick the board or is irreparable: bootloader,
    /// environment, calibration.
    package var allowed: Set<Partition.Role>
    /// Whether the board may be another unit of the same model.
    package var isAnotherUnit: Bool
    /// Partitions, as `mtdN` or by name, whose readers skip bad blocks, so that their content may move past them.
    package var streams: [String]
    /// Whether to make partitions writable that the board's system keeps read-only.
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

    /// Roles that are written only if explicitly allowed.
    package static let guarded: [Partition.Role] = [.bootloader, .environment, .calibration]

    /// Whether a partition was explicitly requested.
    func names(_ partition: Partition) -> Bool { Self.is(partition, oneOf: only) }

    /// Whether the user said that a partition's reader skips bad blocks.
    func isStream(_ partition: Partition) -> Bool { Self.is(partition, oneOf: streams) }

    private static func `is`(_ partition: Partition, oneOf words: [String]) -> Bool {
        PartitionSelection.words(words, names: [partition.name]).contains {
            $0 == partition.name || $0 == partition.label || $0 == "mtd\(partition.index)"
        }
    }
}
