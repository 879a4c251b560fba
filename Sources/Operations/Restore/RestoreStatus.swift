package import BackupBags
package import SystemPackage

/// What is known of a restore that was begun.
package struct RestoreStatus: Sendable, Codable, Hashable {
    package struct Part: Sendable, Codable, Hashable {
        /// A partition as `mtd3 "rootfs"`.
        package var partition: String
        /// Erase blocks that its plan had.
        package var planned: Int
        package var done: Int
        /// Blocks that may hold anything: bytes from the start of an image.
        package var unfinished: [RestoreEntry.Block]
        /// Places that did not take their bytes, which went elsewhere.
        package var setAside: [RestoreEntry.Block]
    }

    /// Of this document.
    package var formatVersion = 1
    package var backup: String
    /// nil where this backup was never restored from here.
    package var address: String?
    package var begunAt: String?
    package var lastAt: String?
    package var isEnded: Bool
    package var parts: [Part]
    /// What was on the board before; nil where that was not finished, and nothing was written.
    package var backupBefore: String?
    /// What others wrote to the board since.
    package var backupsSince: [String]
    /// Whether any block may be half written.
    package var isWhole: Bool { parts.allSatisfy(\.unfinished.isEmpty) }
}

extension Restore {
    /// What became of the last restore of a backup.
    ///
    /// - Throws: what ``BackupBags/BagReader/open(_:tolerant:disk:)`` throws where there is no backup.
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
                    status.backupBefore = backup
                } else {
                    status.backupsSince.append(backup)
                }
            }
            // A plan that takes up another has what that had not done.
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
