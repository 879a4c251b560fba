import BackupBags
import FlashAccess
import FlashModel

/// Compares a backup with checksums of whole partitions, by a board that has no others.
///
/// Partitions match by their places. One whose place is not known is looked for by its size and checksum: if a partition of
/// the backup has both, it is the same content; if none has, nothing follows.
struct WholePartitionChecks {
    private let bag: VerifiedBackup
    private let reader: any FlashReading & FlashChecksumming
    private let layouts: ComparedLayouts
    private let algorithm: ChecksumAlgorithm
    private var checked = CheckedFlash()
    /// The partitions of the board that lie where the backup has nothing.
    private var elsewhere: [FlashLayout.Place] = []

    static func run(
        _ bag: VerifiedBackup, _ flash: SurveyedFlash, _ layouts: ComparedLayouts, _ algorithm: ChecksumAlgorithm,
        _ progress: @escaping ProgressHandler
    ) async throws -> CheckedFlash {
        let places = layouts.new.places.filter { !$0.range.isEmpty && $0.range.count == $0.partition.size }
        let size = places.map(\.range).total
        progress(.began(.comparing, bytes: size))
        let counter = ProgressCounter(total: size, handler: progress)
        var checks = WholePartitionChecks(bag: bag, reader: flash.reader, layouts: layouts, algorithm: algorithm)
        for place in places {
            try Task.checkCancellation()
            counter.tell(.item(title(place), bytes: place.range.count))
            try await checks.check(place)
            if !checks.elsewhere.contains(place) { counter.add(place.range.count) }
        }
        for place in checks.elsewhere {
            try Task.checkCancellation()
            try await checks.look(for: place)
            counter.add(place.range.count)
        }
        progress(.ended(.comparing))
        return checks.settled
    }

    private init(
        bag: VerifiedBackup, reader: any FlashReading & FlashChecksumming, layouts: ComparedLayouts,
        algorithm: ChecksumAlgorithm
    ) {
        self.bag = bag
        self.reader = reader
        self.layouts = layouts
        self.algorithm = algorithm
    }

    private static func title(_ place: FlashLayout.Place) -> String {
        PlainText.partition(place.partition.label, place.partition.name)
    }

    /// A partition that differs, but has parts that are equal, differs in the rest.
    private var settled: CheckedFlash {
        var result = checked
        result.different = checked.different.flatMap { stretch in
            let equal = checked.equal.filter { $0.space == stretch.space }.map(\.range)
            let rest = PartitionMap.gaps(in: stretch.range, leaving: equal)
            // All parts equal and the whole different is a contradiction, which must not look like a match.
            return rest.isEmpty ? [stretch] : rest.map { FlashStretch(space: stretch.space, range: $0) }
        }
        return result
    }

    // MARK: By place

    private mutating func check(_ place: FlashLayout.Place) async throws {
        let runs = (layouts.old.runs[place.space] ?? []).filter { $0.range.overlaps(place.range) }
        guard !runs.isEmpty else {
            elsewhere.append(place)
            return
        }
        let lacking =
            PartitionMap.gaps(in: place.range, leaving: runs.map(\.range))
            + (layouts.old.holes[place.space] ?? []).map { $0.range.clamped(to: place.range) }.filter { !$0.isEmpty }
        guard lacking.isEmpty else {
            checked.omissions.append(
                CheckedFlash.Omission(
                    stretch: place.stretch,
                    reason: "the board's checksum is of all of \(Self.title(place)), and the backup lacks "
                        + "\(ByteCount.text(lacking.total)) of it"))
            return
        }
        let onBoard = try await onBoard(place)
        if try expected(place.range, in: place.space) == onBoard {
            checked.equal.append(place.stretch)
        } else {
            checked.different.append(place.stretch)
        }
    }

    private func onBoard(_ place: FlashLayout.Place) async throws -> Digest {
        try await reader.checksum(algorithm, of: place.partition, ranges: [0..<place.partition.size])
    }

    /// The checksum of bytes of the backup, which may be in several images.
    ///
    /// - Parameter range: without gaps and holes.
    private func expected(_ range: Range<Int>, in space: FlashSpace) throws -> Digest {
        var sum = StreamingChecksum(algorithm)
        for run in layouts.old.runs[space] ?? [] {
            let part = run.range.clamped(to: range)
            guard !part.isEmpty else { continue }
            let image = try bag.image(run.source)
            for piece in run.inSource(part).cut(atMultiplesOf: 1 << 20) {
                try Task.checkCancellation()
                sum.update(try image.bytes(piece))
            }
        }
        return sum.finalize()
    }

    // MARK: By checksum

    private mutating func look(for place: FlashLayout.Place) async throws {
        let candidates = layouts.old.places.filter { candidate in
            candidate.range.count == place.range.count && isWhole(candidate)
                && !(checked.equal + checked.different).contains { $0.overlaps(candidate.stretch) }
        }
        guard !candidates.isEmpty else { return }
        let onBoard = try await onBoard(place)
        for candidate in candidates where try expected(candidate.range, in: candidate.space) == onBoard {
            checked.equal.append(candidate.stretch)
            checked.notes.append(
                "\(Self.title(candidate)) of the backup was found on the board as \(Self.title(place)), by size and checksum: "
                    + "the board does not say where its partitions lie")
            return
        }
        for candidate in candidates {
            checked.omissions.append(
                CheckedFlash.Omission(
                    stretch: candidate.stretch,
                    reason: "no partition of the board has its size and checksum, and the board does not say where its "
                        + "partitions lie"))
        }
    }

    /// Whether the backup has all bytes of a partition.
    private func isWhole(_ place: FlashLayout.Place) -> Bool {
        let runs = layouts.old.runs[place.space] ?? []
        let holes = layouts.old.holes[place.space] ?? []
        return PartitionMap.gaps(in: place.range, leaving: runs.map(\.range)).isEmpty
            && !holes.contains { $0.range.overlaps(place.range) }
    }
}
