package import FlashModel

/// The changes of a board's flash between two moments.
package struct DiffReport: Sendable, Codable, Hashable {
    /// One side of the comparison.
    package struct Side: Sendable, Codable, Hashable {
        /// A backup's path, or a board's address without secrets.
        package var name: String
        package var board: BoardIdentity
    }

    /// Consecutive erase blocks with the same kind of change.
    package struct Run: Sendable, Codable, Hashable {
        /// The offset in bytes from the start of the partition.
        package var offset: Int
        /// The size in bytes.
        package var size: Int
        package var change: BlockChange

        package init(offset: Int, size: Int, change: BlockChange) {
            self.offset = offset
            self.size = size
            self.change = change
        }
    }

    /// Bytes that were not compared.
    package struct Omission: Sendable, Codable, Hashable {
        /// The offset in bytes from the start of the partition.
        package var offset: Int
        /// The size in bytes.
        package var size: Int
        /// The reason, in words.
        package var reason: String
        /// Whether the older side has bytes there; a block that was already bad has none.
        package var isLoss: Bool

        package init(offset: Int, size: Int, reason: String, isLoss: Bool) {
            self.offset = offset
            self.size = size
            self.reason = reason
            self.isLoss = isLoss
        }
    }

    /// A partition of the older side. One within another reports the same bytes again.
    package struct PartitionDifference: Sendable, Codable, Hashable, PartitionLabelled {
        package var index: Int
        package var numbering: Partition.Numbering?
        package var name: String
        package var role: Partition.Role
        /// The size in bytes.
        package var size: Int
        /// The erase block size in bytes.
        package var eraseBlockSize: Int
        /// The newer side's name for the same range, if it differs.
        package var newName: String?
        package var runs: [Run]
        package var omissions: [Omission]

        /// The number of erase blocks for each kind of change.
        package var counts: [BlockChange: Int] {
            runs.reduce(into: [:]) { $0[$1.change, default: 0] += DiffReport.blocks($1.size, of: eraseBlockSize) }
        }

        /// The number of erase blocks.
        package var blocks: Int { DiffReport.blocks(size, of: eraseBlockSize) }
    }

    /// A partition of which the older backup has no bytes.
    package struct Unsaved: Sendable, Codable, Hashable {
        /// `mtd2 "ART"`.
        package var title: String
        /// Why not, in words.
        package var reason: String
    }

    /// The version of this document's format.
    package var formatVersion = 1
    package var old: Side
    package var new: Side
    package var partitions: [PartitionDifference]
    /// Partitions of the newer side whose ranges differ from all of the older.
    package var onlyNew: [String]
    /// Partitions of which the older backup has no bytes, so that they could not be compared.
    package var unsaved: [Unsaved]
    /// The number of bytes compared.
    package var bytesCompared: Int
    /// The number of these bytes that had to be read from the board, because its checksums differed or it has none.
    package var bytesRead: Int
    /// Whether no compared bytes differ.
    package var isSame: Bool
    /// Whether everything on the older side was compared, and the older side had all of its board's partitions.
    package var isWhole: Bool
    /// Doubts, one line each.
    package var notes: [String]

    private static func blocks(_ size: Int, of block: Int) -> Int {
        block > 0 ? size / block + (size % block == 0 ? 0 : 1) : 1
    }
}

extension DiffReport {
    /// Erase blocks in a space that differ.
    struct Finding: Sendable, Hashable {
        var space: FlashSpace
        var range: Range<Int>
        var change: BlockChange

        var stretch: FlashStretch { FlashStretch(space: space, range: range) }
    }

    /// Groups findings by partition. Pure.
    init(
        old: (side: Side, layout: FlashLayout), new: (side: Side, layout: FlashLayout), overlay: FlashOverlay,
        unread: [FlashLayout.Hole], findings: [Finding], unsaved: [Unsaved], bytesRead: Int, notes: [String]
    ) {
        let findings = Dictionary(grouping: findings, by: \.space)
        let covered = Dictionary(grouping: overlay.pairs, by: \.old.space).mapValues { $0.map(\.range) }
        let unread = Dictionary(grouping: unread, by: \.space)
        partitions = old.layout.places.map { place in
            let inside = (findings[place.space] ?? []).compactMap { finding -> Run? in
                let part = finding.range.clamped(to: place.range)
                guard !part.isEmpty else { return nil }
                return Run(offset: part.lowerBound - place.range.lowerBound, size: part.count, change: finding.change)
            }
            func omission(_ range: Range<Int>, _ reason: String, isLoss: Bool) -> Omission? {
                let part = range.clamped(to: place.range)
                guard !part.isEmpty else { return nil }
                return Omission(
                    offset: part.lowerBound - place.range.lowerBound, size: part.count, reason: reason, isLoss: isLoss)
            }
            var omissions = PartitionMap.gaps(in: place.range, leaving: covered[place.space] ?? []).compactMap {
                omission($0, "the other side does not have these bytes", isLoss: true)
            }
            let oldHoles = overlay.oldHoles[place.space] ?? []
            omissions += oldHoles.compactMap { omission($0.range, $0.state.rawValue, isLoss: !$0.state.isBad) }
            // A hole on both sides is reported as on the older side.
            for hole in (overlay.newHoles[place.space] ?? []) + (unread[place.space] ?? []) {
                omissions += PartitionMap.gaps(in: hole.range, leaving: oldHoles.map(\.range)).compactMap {
                    // Not `factoryBad`: the block was not bad before.
                    omission(
                        $0, "now \(hole.state == .factoryBad ? "marked bad" : hole.state.rawValue)", isLoss: true)
                }
            }
            let others = new.layout.places.filter { $0.stretch == place.stretch }
            let isSameName = others.isEmpty || others.contains { $0.partition.name == place.partition.name }
            return PartitionDifference(
                index: place.partition.index, numbering: place.partition.numbering, name: place.partition.name,
                role: place.partition.role,
                size: place.range.count, eraseBlockSize: place.partition.eraseBlockSize,
                newName: isSameName ? nil : others.first?.partition.name, runs: inside.coalesced(),
                omissions: omissions.coalesced())
        }
        let known = Set(old.layout.places.map(\.stretch))
        let titles = Set(unsaved.map(\.title))
        onlyNew = new.layout.places.filter { !known.contains($0.stretch) }.map {
            PlainText.partition($0.partition.label, $0.partition.name)
        }.filter { !titles.contains($0) }
        self.unsaved = unsaved
        self.old = old.side
        self.new = new.side
        bytesCompared = overlay.size - unread.values.joined().map(\.range).total
        self.bytesRead = bytesRead
        isSame = findings.isEmpty
        isWhole = unsaved.isEmpty && !partitions.contains { $0.omissions.contains(where: \.isLoss) }
        self.notes = notes
    }
}

extension DiffReport.Run: StretchRecord {
    package func saysTheSame(as other: Self) -> Bool { change == other.change }
}

extension DiffReport.Omission: StretchRecord {
    package func saysTheSame(as other: Self) -> Bool { reason == other.reason && isLoss == other.isLoss }
}
