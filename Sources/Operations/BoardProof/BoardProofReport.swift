import BackupBags
package import FlashModel

/// Which images of a backup a board's checksums prove.
package struct BoardProofReport: Sendable, Codable, Hashable {
    /// Bytes of an image.
    package struct Stretch: Sendable, Codable, Hashable {
        /// The offset in bytes from the start of the image.
        package var offset: Int
        /// The size in bytes.
        package var size: Int
    }

    package enum Result: String, Sendable, Codable, CaseIterable {
        /// All its bytes are those on the board.
        case equal
        /// Some of its bytes differ.
        case different
        /// Nothing differs, but some of its bytes were not compared.
        case incomplete
    }

    package struct Image: Sendable, Codable, Hashable {
        /// The path in the backup.
        package var path: String
        /// The size in bytes.
        package var size: Int
        package var result: Result
        /// The number of bytes that the board's checksums prove.
        package var bytesProven: Int
        /// What differs, as exactly as the board's checksums tell.
        package var different: [Stretch]
        /// What was not compared.
        package var omissions: [DiffReport.Omission]
    }

    /// The version of this document's format.
    package var formatVersion = 1
    /// The path of the backup.
    package var bag: String
    package var board: DiffReport.Side
    /// The board's checksums.
    package var algorithm: ChecksumAlgorithm
    package var images: [Image]
    /// Whether no compared bytes differ.
    package var isSame: Bool
    /// Whether all bytes of all images were compared, except bad blocks.
    package var isWhole: Bool
    /// Doubts, one line each.
    package var notes: [String]
}

extension BoardProofReport {
    /// Sorts findings by image. Pure.
    init(
        bag: String, board: DiffReport.Side, algorithm: ChecksumAlgorithm, manifest: Manifest, layouts: ComparedLayouts,
        checked: CheckedFlash
    ) {
        images = manifest.images.enumerated().map { number, image in
            guard image.representation == .data else {
                return Image(image, omitting: 0..<image.size, "a board's checksums are without OOB bytes")
            }
            let runs = layouts.old.runs.values.joined().filter { $0.source == number }
                .sorted { $0.sourceOffset < $1.sourceOffset }
            return Image(image, runs, layouts.old, checked)
        }
        var notes = checked.notes
        if algorithm.bits <= 32 {
            notes.append("the board's best checksum, \(algorithm.rawValue), has only \(algorithm.bits) bits")
        }
        for place in layouts.new.places
        where place.partition.isLive && checked.different.contains(where: { $0.overlaps(place.stretch) }) {
            notes.append(
                "the running system uses \(PlainText.partition(place.partition.label, place.partition.name)), and may have "
                    + "written to it")
        }
        self.notes = notes
        self.bag = bag
        self.board = board
        self.algorithm = algorithm
        isSame = !images.contains { !$0.different.isEmpty }
        isWhole = !images.contains { $0.omissions.contains(where: \.isLoss) }
    }
}

extension BoardProofReport.Image {
    fileprivate init(_ image: ImageRecord, omitting range: Range<Int>, _ reason: String) {
        path = image.path
        size = image.size
        result = .incomplete
        bytesProven = 0
        different = []
        omissions = [
            DiffReport.Omission(offset: range.lowerBound, size: range.count, reason: reason, isLoss: true)
        ]
    }

    /// - Parameter runs: of the image, by their places in it.
    fileprivate init(
        _ image: ImageRecord, _ runs: [FlashLayout.Run], _ layout: FlashLayout, _ checked: CheckedFlash
    ) {
        var proven: [Range<Int>] = []
        var different: [Range<Int>] = []
        var omissions: [DiffReport.Omission] = []
        for run in runs {
            func inside(_ stretches: [FlashStretch]) -> [Range<Int>] {
                stretches.filter { $0.space == run.space }.map { $0.range.clamped(to: run.range) }.filter {
                    !$0.isEmpty
                }
            }
            let other = PartitionMap.merged(inside(checked.different))
            let equal = PartitionMap.merged(inside(checked.equal)).removing(other)
            different += other.map(run.inSource)
            proven += equal.map(run.inSource)
            omissions += Self.omissions(
                of: run, PartitionMap.gaps(in: run.range, leaving: equal + other), layout, checked)
        }
        omissions += PartitionMap.gaps(in: 0..<image.size, leaving: runs.map { $0.inSource($0.range) }).map { part in
            DiffReport.Omission(
                offset: part.lowerBound, size: part.count,
                reason: runs.isEmpty ? "its place on the flash is not known" : "another image has these bytes, too",
                isLoss: true)
        }
        path = image.path
        size = image.size
        self.different = different.map { BoardProofReport.Stretch(offset: $0.lowerBound, size: $0.count) }
        self.omissions = omissions.sorted { $0.offset < $1.offset }.coalesced()
        bytesProven = proven.total
        result = !different.isEmpty ? .different : omissions.contains(where: \.isLoss) ? .incomplete : .equal
    }

    /// Why bytes of a run were not compared.
    ///
    /// - Parameter rest: these bytes, in the run's space.
    private static func omissions(
        of run: FlashLayout.Run, _ rest: [Range<Int>], _ layout: FlashLayout, _ checked: CheckedFlash
    ) -> [DiffReport.Omission] {
        var rest = rest
        var omissions: [DiffReport.Omission] = []
        func omit(_ range: Range<Int>, _ reason: String, isLoss: Bool) {
            let mine = rest.map { $0.clamped(to: range) }.filter { !$0.isEmpty }
            rest = rest.removing(mine)
            omissions += mine.map(run.inSource).map { part in
                DiffReport.Omission(offset: part.lowerBound, size: part.count, reason: reason, isLoss: isLoss)
            }
        }
        for hole in layout.holes[run.space] ?? [] {
            omit(hole.range, hole.state.rawValue, isLoss: !hole.state.isBad)
        }
        for omission in checked.omissions where omission.stretch.space == run.space {
            omit(omission.stretch.range, omission.reason, isLoss: true)
        }
        omit(run.range, "the board does not have these bytes", isLoss: true)
        return omissions
    }
}
