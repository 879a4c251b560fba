import BackupBags
import FlashModel

/// Resolves the user's choice, and checks that both the backup and the board have it.
extension RestorePlanner {
    /// The ranges of flash that the user allows to be written.
    struct Chosen {
        /// nil means all.
        var stretches: [FlashStretch]?

        func contains(_ stretch: FlashStretch) -> Bool { stretches?.contains { $0.overlaps(stretch) } ?? true }
    }

    /// Resolves the user's names, and refuses invalid ones.
    func choose(_ work: inout Work) -> Chosen {
        guard !choice.only.isEmpty else { return Chosen(stretches: nil) }
        var places: [FlashLayout.Place] = []
        for word in PartitionSelection.words(choice.only, names: manifest.partitions.map(\.name)) {
            let named = RestoreChoice(only: [word])
            let found = comparison.old.places.filter { named.names($0.partition) }
            if found.count == 1 {
                places += found
                continue
            }
            let title = "\"\(PlainText.line(word))\""
            if let record = manifest.partitions.first(where: { named.names($0.partition) }), found.isEmpty {
                let isVolume = record.partition.isUBIVolume
                let isLeftOut = record.reason == CoverGap.notAskedFor
                work.refuse(
                    RestoreRefusal(
                        isVolume ? .volumeView : .notInBackup, record.title,
                        why: isLeftOut
                            ? "the backup was made with --only, without it"
                            : PlainText.line(record.reason ?? "the backup has no bytes of it"),
                        next: isVolume
                            ? "restore the partition below UBI"
                            : isLeftOut
                                ? "use another backup, of all of the flash"
                                : "take another backup, of a board that shows it"))
            } else {
                let names = comparison.old.places.map { self.title($0.partition) }.joined(separator: ", ")
                work.refuse(
                    RestoreRefusal(
                        .unknownPartition, title,
                        why: found.isEmpty
                            ? "the backup has no such partition; it has \(names)"
                            : "\(found.count) partitions have this name",
                        next: "give its number, such as mtd3; flashkeep verify --verbose and RESTORE.md list them"))
            }
        }
        for (number, first) in places.enumerated() {
            for second in places.dropFirst(number + 1)
            where first.stretch.overlaps(second.stretch) && first != second {
                work.refuse(
                    RestoreRefusal(
                        .overlappingChoice, title(first.partition),
                        why: "it shares bytes with \(title(second.partition))", next: "name one of the two"))
            }
        }
        return Chosen(stretches: places.map(\.stretch))
    }

    /// Refuses partitions whose blocks cannot be placed on this board.
    func refusePlacements(_ chosen: Chosen, _ work: inout Work) {
        for area in placement.areas where chosen.contains(area.stretch) {
            guard let why = area.refusal else { continue }
            work.refuse(
                RestoreRefusal(
                    .badBlock, subject(area.stretch), why: why,
                    next: "exclude it with --only, or restore its content by other means: extract provides it"))
        }
        for word in PartitionSelection.words(choice.streams, names: manifest.partitions.map(\.name)) {
            let named = RestoreChoice(streams: [word])
            guard
                !placement.areas.contains(where: { area in
                    comparison.old.places.contains { $0.stretch == area.stretch && named.isStream($0.partition) }
                })
            else { continue }
            work.refuse(
                RestoreRefusal(
                    .unknownPartition, "--skip-bad \(PlainText.line(word))",
                    why: "it is not a NAND partition that backup and board have at the same place",
                    next: "omit the option: only NAND has bad blocks that could be skipped"))
        }
    }

    /// Checks that the board has all of the flash that contained a partition of the backup.
    func lookForFlash(of place: FlashLayout.Place, _ work: inout Work) {
        let common = (comparison.new.runs[place.space] ?? []).map(\.range)
        let gaps = PartitionMap.gaps(in: place.range, leaving: common)
        guard let gap = gaps.first else { return }
        let why =
            "no partition of the board covers \(ByteCount.text(gaps.map(\.count).saturatingSum())) of it, from "
            + "\(ByteCount.hex(gap.lowerBound - place.range.lowerBound)) on"
        guard choice.names(place.partition) else {
            work.untouched[title(place.partition)] = (why, true)
            return
        }
        work.refuse(
            RestoreRefusal(
                .layoutChanged, title(place.partition), why: why,
                next: "start the board with the partition table that the backup was made with"))
    }

    /// All blocks that differ, and those with an unfinished write.
    var candidates: [Candidate] {
        let pairs = Dictionary(grouping: comparison.overlay.pairs, by: \.old.space)
        func candidate(_ place: FlashStretch, _ change: BlockChange?) -> Candidate? {
            pairs[place.space]?.first { $0.range.contains(place.range.lowerBound) }
                .map { Candidate(place: place, change: change, pair: $0) }
        }
        let known = Set(comparison.findings.map(\.stretch))
        let all =
            comparison.findings.compactMap { candidate($0.stretch, $0.change) }
            + unfinished.filter { !known.contains($0) }.compactMap { candidate($0, nil) }
        return all.sorted {
            ($0.pair.new.source, $0.place.range.lowerBound) < ($1.pair.new.source, $1.place.range.lowerBound)
        }
    }
}
