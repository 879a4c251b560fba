import FlashAccess
package import FlashModel

/// The flash that holds the running RedBoot's code. Pure.
///
/// A RedBoot that runs from flash is gone once its block is erased: it could neither program the block nor start again.
/// Its own guard ("Can't program this region - contains code in use!") only refuses a range with the first or the last
/// byte of its code at the address where it runs (`redboot/current/src/flash.c`, check_code_overlaps), so all blocks
/// between pass, and through an alias these two as well.
package struct RedBootCode: Sendable {
    /// The name of the running image (`redboot/current/src/flash.c`, fis_init); copies have a suffix in brackets.
    package static let name = "RedBoot"
    /// Kinds of startup in which the code runs from RAM (`redboot/current/src/version.c`: CYG_HAL_STARTUP).
    private static let startupsInRAM: Set<String> = ["ROMRAM", "RAM"]

    private static let directories: Set<String> = [RedBootDirectory.ownName, RedBootDirectory.copyName]

    private struct Place: Sendable {
        var chip: Chip.ID
        var range: Range<Int>
        /// Whether it begins and ends at boundaries of erase blocks, so that nothing else is written with it.
        var isAligned: Bool
    }

    private let isInFlash: Bool
    /// Where it is; empty if it runs from RAM, or if no image has its name.
    private let places: [Place]

    package init(_ version: RedBootVersion?, _ survey: Survey) {
        isInFlash = (version?.startup).map { !Self.startupsInRAM.contains($0) } != false
        places =
            !isInFlash
            ? []
            : survey.partitions.filter { $0.name == Self.name }.compactMap { partition in
                let block = partition.eraseBlockSize
                return partition.chipRange.map {
                    Place(
                        chip: partition.chip, range: $0,
                        isAligned: block > 0 && $0.lowerBound % block == 0 && $0.count % block == 0)
                }
            }
    }

    /// Whether a write to a partition may erase it. That of a whole chip with an aligned RedBoot is judged by block
    /// (``isIn(_:of:)``), because blocks of RedBoot are written through its own partition.
    package func isIn(_ partition: Partition) -> Bool {
        guard isInFlash else { return false }
        let isWholeChip = partition.offsetSource == .wholeChip
        // Of an image with another name it is not known what it is.
        guard !places.isEmpty else {
            return isWholeChip || partition.role == .bootloader && !Self.directories.contains(partition.name)
        }
        guard let range = partition.chipRange else { return true }
        return places.contains { place in
            place.chip == partition.chip && place.range.overlaps(range) && !(isWholeChip && place.isAligned)
        }
    }

    /// Whether a range of a chip has bytes of it.
    package func isIn(_ range: Range<Int>, of chip: Chip.ID) -> Bool {
        places.contains { $0.chip == chip && $0.range.overlaps(range) }
    }
}
