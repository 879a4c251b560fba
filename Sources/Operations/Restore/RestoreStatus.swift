package import BackupBags
package import SystemPackage

/// The state of the last restore of a backup, from its journal.
package struct RestoreStatus: Sendable, Codable, Hashable {
    package struct Part: Sendable, Codable, Hashable {
        /// A partition as `mtd3 "rootfs"`.
        package var partition: String
        /// The number of erase blocks in its plan.
        package var planned: Int
        package var done: Int
        /// Blocks that may contain anything, by their position in an image.
        package var unfinished: [RestoreEntry.Block]
        /// Blocks that failed to store their bytes and were replaced by others.
        package var setAside: [RestoreEntry.Block]
    }

    /// The version of this document's format.
    package var formatVersion = 1
    package var backup: String
    /// nil if this backup was never restored from here.
    package var address: String?
    package var begunAt: String?
    package var lastAt: String?
    package var isEnded: Bool
    package var parts: [Part]
    /// The backup of the board's flash before the restore; nil if that is incomplete, and nothing was written.
    package var backupBefore: String?
    /// The labels of the partitions that it has; nil for all.
    package var backedUpOnly: [String]?
    /// Backups of what others wrote to the board since.
    package var backupsSince: [String]
    /// Whether no block may be half written.
    package var isWhole: Bool { parts.allSatisfy(\.unfinished.isEmpty) }
}

extension Restore {
    /// Returns the state of the last restore of a backup.
    ///
    /// - Throws: errors of ``BackupBags/BagReader/open(_:tolerant:disk:)`` if there is no backup.
    package static func status(_ path: FilePath) throws -> RestoreStatus {
        _ = try BagReader.open(path, tolerant: true)
        let journal = try RestoreJournal(of: path)
        let entries = journal.entries
        var status = RestoreStatus(
            backup: path.string, address: nil, begunAt: entries.first?.at, lastAt: entries.last?.at,
            isEnded: !entries.isEmpty && !journal.isUnderWay, parts: [], backupsSince: [])
        var planned: [String: Int] = [:]
        var done: [String: Set<RestoreEntry.Block>] = [:]
        for entry in entries {
            status.address = entry.address ?? status.address
            if entry.act == .backedUp, let backup = entry.backup {
                if status.backupBefore == nil {
                    (status.backupBefore, status.backedUpOnly) = (backup, journal.firstBackupOnly)
                } else {
                    status.backupsSince.append(backup)
                }
            }
            // A plan that continues another contains what that had not done.
            for (partition, count) in entry.blocks ?? [:] {
                planned[partition] = (done[partition]?.count ?? 0) + count
            }
            guard entry.act == .done, let partition = entry.partition, let block = entry.block else { continue }
            done[partition, default: []].insert(block)
        }
        let unfinished = Dictionary(grouping: journal.unfinished, by: { $0.partition ?? "" })
        let setAside = Dictionary(
            grouping: entries.filter { $0.act == .failing }, by: { $0.partition ?? "" })
        let all = Set(planned.keys).union(done.keys).union(unfinished.keys).union(setAside.keys)
        status.parts = all.sorted().map { partition in
            RestoreStatus.Part(
                partition: partition, planned: max(planned[partition] ?? 0, done[partition]?.count ?? 0),
                done: done[partition]?.count ?? 0,
                unfinished: (unfinished[partition] ?? []).compactMap(\.block),
                setAside: (setAside[partition] ?? []).compactMap(\.block))
        }
        return status
    }
}
