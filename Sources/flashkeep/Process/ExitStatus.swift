import BackupBags
import FlashModel
import Operations

/// The program's exit statuses, and the only place that maps errors to them.
enum ExitStatus: Int32, Sendable, CaseIterable {
    /// Done, and nothing is missing; proven, unless no proof was requested. Data that a running system changed
    /// meanwhile is listed in the summary.
    case done = 0
    case failed = 1
    /// A verification found a mismatch, or two reads of a part of the flash did not agree.
    case mismatch = 2
    /// Refused, to prevent harm.
    case refused = 3
    /// Done, but not whole, or not known to be: the manifest lists what is missing and what is unknown.
    case notWhole = 4
    /// Wrong usage; `EX_USAGE` of `sysexits.h`.
    case usage = 64
    /// The board does not answer, or stopped answering; worth trying again. `EX_TEMPFAIL` of `sysexits.h`.
    case boardSilent = 75
    /// Interrupted by the user: 128 plus the number of SIGINT.
    case interrupted = 130

    /// The status for a completed backup.
    init(_ report: BackupReport) {
        // Unstable bytes take precedence over missing ones.
        let isUnstable = report.manifest.images.contains { $0.proof.result == .unstable }
        self = isUnstable ? .mismatch : report.summary.isComplete ? .done : .notWhole
    }

    init(_ code: FlashkeepError.Code) {
        self =
            switch code {
            case .addressNotUnderstood, .usage: .usage
            // A name that is not found may be one that the board itself announces once it is running.
            case .hostNotFound, .connectionRefused, .hostUnreachable, .boardSilent, .boardLost, .noReplyInTime:
                .boardSilent
            case .hostKeyChanged, .hostKeyUnknown, .authenticationFailed, .passwordNeeded, .programMissing,
                .portUnavailable, .replyNotUnderstood, .bootloaderAnswers:
                .failed
            case .notRoot, .noMTD, .noPartitions, .partitionVanished, .toolMissing, .unreadable, .commandFailed,
                .writeFailed:
                .failed
            case .diskFull, .fileUnavailable, .notABag, .bagIncomplete, .manifestTooNew, .internalFault: .failed
            case .bagDamaged, .manifestInvalid: .mismatch
            case .layoutChanged, .targetExists, .otherBackupInProgress, .bagUnsafePath, .imageUnsuitable,
                .notConfirmed:
                .refused
            case .interrupted: .interrupted
            }
    }
}
