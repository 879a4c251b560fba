import BackupBags
import FlashModel
import Operations

/// The program's exit statuses, and which error has which. The only place that maps them.
enum ExitStatus: Int32, Sendable, CaseIterable {
    /// Done, and nothing is missing; proven, unless no proof was asked for. What a running system wrote to meanwhile is
    /// named in the summary.
    case done = 0
    case failed = 1
    /// A verification found a mismatch, or a part of the flash was not the same twice.
    case mismatch = 2
    /// Refused, to keep from harm.
    case refused = 3
    /// Done, but not whole, or not known to be: the manifest names what is missing and what is not known.
    case notWhole = 4
    /// Used in a wrong way; `EX_USAGE` of `sysexits.h`.
    case usage = 64
    /// The board does not answer, or stopped; worth trying again. `EX_TEMPFAIL` of `sysexits.h`.
    case boardSilent = 75
    /// Interrupted by the user: 128 and the number of SIGINT.
    case interrupted = 130

    /// Of a backup that was made.
    init(_ report: BackupReport) {
        // Nobody asked for bytes that are not the same twice.
        let isUnstable = report.manifest.images.contains { $0.proof.result == .unstable }
        self = isUnstable ? .mismatch : report.summary.isWhole ? .done : .notWhole
    }

    init(_ code: FlashkeepError.Code) {
        self =
            switch code {
            case .addressNotUnderstood, .usage: .usage
            // A name that is not found may be one that the board itself announces once it is up.
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
