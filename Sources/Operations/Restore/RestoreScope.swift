import BackupBags
import FlashModel

/// The part of a backup that a restore is about: with `--only`, nothing else is verified, compared or saved.
struct RestoreScope: Sendable {
    /// What to compare.
    let flash: FlashSelection
    /// The partitions that overlap it, whose bytes decide where blocks go; nil for all.
    private let places: Set<FlashStretch>?
    /// The images that have these bytes, by path in the bag; nil for all.
    let images: Set<String>?

    /// - Parameter board: the layout of the board, once it is known: partitions of unknown place are found on it.
    init(_ choice: RestoreChoice, in manifest: Manifest, on board: FlashLayout? = nil) {
        guard !choice.only.isEmpty else {
            (flash, places, images) = (.all, nil, nil)
            return
        }
        let layout = FlashLayout(manifest, on: board)
        let chosen = layout.places.filter { choice.names($0.partition) }.map(\.stretch)
        let related = layout.places.filter { place in
            choice.isStream(place.partition) || chosen.contains { $0.overlaps(place.stretch) }
        }.map(\.stretch)
        let runs = related.flatMap { stretch in
            (layout.runs[stretch.space] ?? []).filter { $0.range.overlaps(stretch.range) }
        }
        flash = FlashSelection(chosen)
        places = Set(related)
        // An image of unknown place may turn out to hold the bytes of another one.
        let placeless = manifest.images.filter { $0.offset == nil }.map(\.path)
        images = Set(runs.map { manifest.images[$0.source].path } + placeless)
    }

    /// Whether a partition of the backup matters.
    func contains(_ place: FlashLayout.Place) -> Bool { places?.contains(place.stretch) ?? true }
}
