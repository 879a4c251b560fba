import BackupBags
package import BoardChannels
package import FlashAccess
package import FlashModel
package import SystemPackage

/// Finds changes on a board's flash, by partition and erase block.
package enum Diff {
    /// The most bytes to compare at once.
    private static let batch = 4 << 20

    /// Compares two backups.
    ///
    /// - Throws: errors of opening a backup, `bagDamaged`; `layoutChanged` if they have no flash in common.
    package static func run(
        old oldPath: FilePath, new newPath: FilePath, progress: @escaping ProgressHandler = { _ in }
    ) async throws -> DiffReport {
        let old = try await VerifiedBackup.open(oldPath, progress: progress)
        let new = try await VerifiedBackup.open(newPath, progress: progress)
        let chips = ChipPairs.find(old.manifest.chips, new.manifest.chips)
        let layouts = (old: FlashLayout(old.manifest), new: FlashLayout(new.manifest, chips: chips))
        let overlay = FlashOverlay(layouts.old, layouts.new)
        try check(overlay, oldPath.string, newPath.string)
        progress(.began(.comparing, bytes: overlay.size))
        let counter = ProgressCounter(total: overlay.size, handler: progress)
        var findings: [DiffReport.Finding] = []
        for pair in overlay.pairs {
            let block = eraseBlock(of: pair, new.manifest)
            let images = (old: try old.image(pair.old.source), new: try new.image(pair.new.source))
            for part in batches(pair.meaningful, block) {
                try Task.checkCancellation()
                let before = try images.old.bytes(pair.old.inSource(part))
                let after = try images.new.bytes(pair.new.inSource(part))
                findings += changes(before, after, at: part, in: pair.old.space, block)
                counter.add(part.count)
            }
        }
        progress(.ended(.comparing))
        return DiffReport(
            old: (DiffReport.Side(name: oldPath.string, board: old.manifest.board), layouts.old),
            new: (DiffReport.Side(name: newPath.string, board: new.manifest.board), layouts.new), overlay: overlay,
            unread: [], findings: findings, unsaved: unsaved(old.manifest), bytesRead: 0,
            notes: notes(old.manifest.board, new.manifest.board))
    }

    /// Compares a backup with a board's current flash by the board's checksums, as far as it has any, so that only
    /// erase blocks that differ need to be transferred.
    ///
    /// - Throws: as for two backups, and errors of the board.
    package static func run(
        old path: FilePath, board connector: any BoardConnector, environment: OperationEnvironment,
        transcript: TranscriptLog = TranscriptLog(), progress: @escaping ProgressHandler = { _ in }
    ) async throws -> DiffReport {
        defer { transcript.close() }
        let bag = try await VerifiedBackup.open(path, progress: progress)
        progress(.began(.connecting, bytes: nil))
        return try await connector.withBoard(transcript: transcript) { board in
            progress(.ended(.connecting))
            let flash = try await board.survey(progress)
            let comparison = try await BoardComparison.run(
                bag, flash, ComparedLayouts(bag.manifest, flash.survey), names: (path.string, connector.address),
                progress: progress)
            var notes = notes(bag.manifest.board, comparison.survey.board)
            if let best = flash.reader.checksumAlgorithms.first, best.bits <= 32 {
                notes.append("the board's best checksum, \(best.rawValue), has only \(best.bits) bits")
            }
            return DiffReport(
                old: (DiffReport.Side(name: path.string, board: bag.manifest.board), comparison.old),
                new: (DiffReport.Side(name: connector.address, board: comparison.survey.board), comparison.new),
                overlay: comparison.overlay, unread: comparison.unread, findings: comparison.findings,
                unsaved: unsaved(bag.manifest), bytesRead: comparison.bytesRead, notes: notes)
        }
    }

    static func check(_ overlay: FlashOverlay, _ old: String, _ new: String) throws {
        guard overlay.pairs.isEmpty else { return }
        throw FlashkeepError(
            .layoutChanged, what: "\(PlainText.line(old)) and \(PlainText.line(new)) have no flash in common.",
            why: "No chip of one has the type and size of a chip of the other.",
            next: "Compare two backups of the same board, or a backup with its board.")
    }

    /// The partitions of which a backup has no bytes. Those of UBI volumes and of views are in other partitions.
    private static func unsaved(_ manifest: Manifest) -> [DiffReport.Unsaved] {
        manifest.partitions.compactMap { partition in
            guard manifest.view(of: partition) == nil, partition.size > 0, !partition.partition.isView else {
                return nil
            }
            return DiffReport.Unsaved(
                title: PlainText.partition(partition.label, partition.name),
                reason: PlainText.line(partition.reason ?? "the backup has no bytes of it"))
        }
    }

    /// Signs that the two are not of one board.
    private static func notes(_ old: BoardIdentity, _ new: BoardIdentity) -> [String] {
        var notes: [String] = []
        if let before = old.model, let after = new.model, before != after {
            notes.append("the models differ: \(PlainText.line(before)), now \(PlainText.line(after))")
        }
        if !old.macAddresses.isEmpty, !new.macAddresses.isEmpty,
            Set(old.macAddresses).isDisjoint(with: new.macAddresses)
        {
            notes.append("the MAC addresses have none in common: this may be another unit")
        }
        return notes
    }

    /// The size in bytes of what counts as one change.
    private static func eraseBlock(of pair: FlashOverlay.Pair, _ manifest: Manifest) -> Int {
        let images = manifest.images
        let chip = images.indices.contains(pair.new.source) ? manifest.chip(images[pair.new.source].chip) : nil
        return Chip.eraseUnit(chip?.eraseBlockSize ?? 0)
    }

    /// Splits ranges for comparison, at erase blocks.
    static func batches(_ ranges: [Range<Int>], _ block: Int) -> [Range<Int>] {
        PartitionMap.merged(ranges).flatMap { $0.cut(atMultiplesOf: max(block, batch / block * block)) }
    }

    /// The erase blocks of a range whose bytes differ.
    static func changes(
        _ before: [UInt8], _ after: [UInt8], at range: Range<Int>, in space: FlashSpace, _ block: Int
    ) -> [DiffReport.Finding] {
        // Most comparisons find no difference, and this check is fast.
        guard before != after else { return [] }
        return range.cut(atMultiplesOf: block).compactMap { part in
            let inside = part.shifted(by: -range.lowerBound)
            guard inside.upperBound <= before.count, inside.upperBound <= after.count,
                let change = BlockChange(from: before[inside], to: after[inside])
            else { return nil }
            return DiffReport.Finding(space: space, range: part, change: change)
        }
    }
}
