import BackupBags
package import FlashModel
import SystemPackage

/// The result of planning.
package struct RestorePlanning: Sendable, Codable, Hashable {
    /// The version of this document's format.
    package var formatVersion = 1
    /// nil if it was refused.
    package var plan: RestorePlan?
    /// Why it was refused; empty if there is a plan.
    package var refusals: [RestoreRefusal]
    /// The board's present identity.
    package var board: BoardIdentity
    /// The number of bytes compared.
    package var bytesCompared: Int
}

/// A planned restore that can be executed.
package struct PreparedRestore: Sendable {
    package let planning: RestorePlanning
    let path: FilePath
    let choice: RestoreChoice
    let bag: VerifiedBackup
    let comparison: BoardComparison
    let placement: BlockPlacement

    /// The partitions that the backup before the restore has: with `--only`, those that are written to; nil for all.
    var savedPartitions: [String]? {
        guard !choice.only.isEmpty, let plan = planning.plan else { return nil }
        return Set(plan.parts.map(\.partition.label)).sorted()
    }
}

/// The result of a restore.
package struct RestoreReport: Sendable, Codable, Hashable {
    /// The version of this document's format.
    package var formatVersion = 1
    package var plan: RestorePlan
    /// The number of erase blocks written and verified.
    package var blocksWritten: Int
    package var erases: Int
    /// The number of bytes written to flash.
    package var bytesWritten: Int
    /// The backup of the board's flash before the restore; nil if there was nothing to write.
    package var backupBefore: String?
    /// The labels of the partitions that it has; nil for all.
    package var backedUpOnly: [String]?
    /// Backups of what others wrote to the board while the restore was interrupted.
    package var backupsSince: [String] = []
    /// The number of erase blocks that an earlier restore left half written and that were not in this restore's choice.
    package var unfinished = 0
    /// How often the board had to be reconnected.
    package var reconnects: Int
    /// The number of erase blocks that failed to store their bytes and were replaced by others.
    package var setAside = 0
}
