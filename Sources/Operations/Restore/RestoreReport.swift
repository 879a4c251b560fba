import BackupBags
package import FlashModel
import SystemPackage

/// What planning came to.
package struct RestorePlanning: Sendable, Codable, Hashable {
    /// Of this document.
    package var formatVersion = 1
    /// nil where it was refused.
    package var plan: RestorePlan?
    /// Why it was refused; empty where there is a plan.
    package var refusals: [RestoreRefusal]
    /// The board as it is now.
    package var board: BoardIdentity
    /// Bytes that were compared.
    package var bytesCompared: Int
}

/// A restore that was planned, and can be carried out.
package struct PreparedRestore: Sendable {
    package let planning: RestorePlanning
    let path: FilePath
    let choice: RestoreChoice
    let bag: VerifiedBackup
    let comparison: BoardComparison
    let placement: BlockPlacement
}

/// What a restore came to.
package struct RestoreReport: Sendable, Codable, Hashable {
    /// Of this document.
    package var formatVersion = 1
    package var plan: RestorePlan
    /// Erase blocks that were written and read back.
    package var blocksWritten: Int
    package var erases: Int
    /// Bytes that were sent to flash.
    package var bytesWritten: Int
    /// What was on the board before; nil where nothing was to be written.
    package var backupBefore: String?
    /// Backups of what others wrote to the board while the restore was interrupted.
    package var backupsSince: [String] = []
    /// Erase blocks that an earlier restore left half written, and that this one was not asked for.
    package var unfinished = 0
    /// How often the board had to be reached again.
    package var reconnects: Int
    /// Erase blocks that did not take their bytes, which went to others.
    package var setAside = 0
}
