package import FlashModel
package import SystemPackage

/// Explains the operating system's file and disk errors. The only place that turns an errno into an error.
package enum DiskErrors {
    /// The error for an errno.
    ///
    /// - Parameters:
    ///   - number: the system's errno.
    ///   - act: the attempted action, such as `write`; it follows "cannot".
    ///   - path: the file or directory concerned.
    package static func error(_ number: Errno, _ act: String, _ path: FilePath) -> FlashkeepError {
        let what = "cannot \(act) \(shown(path))"
        switch number {
        case .noSpace:
            return FlashkeepError(
                .diskFull, what: what, why: "the disk is full",
                next: "free some space on that disk and run the same command again: what was saved so far is kept")
        case .diskQuotaExceeded:
            return FlashkeepError(
                .diskFull, what: what, why: "your disk quota is used up",
                next: "free some of it and run the same command again: what was saved so far is kept")
        case .fileTooLarge:
            return FlashkeepError(
                .diskFull, what: what, why: "the file would be larger than this file system or your limits allow",
                next: "choose a folder on another disk; FAT file systems cannot hold files of 4 GiB or more")
        default:
            let (why, next) = words(number)
            return FlashkeepError(.fileUnavailable, what: what, why: why, next: next)
        }
    }

    /// The error for a lack of space noticed before anything was written.
    package static func noRoom(for path: FilePath, needed: Int, free: Int) -> FlashkeepError {
        FlashkeepError(
            .diskFull, what: "not enough space for the backup \(shown(path))",
            why: "it needs \(ByteCount.text(needed)) more and \(ByteCount.text(free)) are free on that disk",
            next: "free some space there, or choose a folder on another disk")
    }

    /// A path made safe for display on one line.
    package static func shown(_ path: FilePath) -> String { "\"\(PlainText.line(path.string))\"" }

    private static func words(_ number: Errno) -> (why: String, next: String) {
        switch number {
        case .noSuchFileOrDirectory:
            ("there is no such file or folder", "check the path; its parent folder must exist")
        case .permissionDenied, .notPermitted:
            ("permission was denied", "choose a folder that you own, or change its permissions")
        case .readOnlyFileSystem:
            ("that disk is mounted read-only", "choose a folder on another disk, or mount it writable")
        case .ioError:
            (
                "the disk reported an input/output error; it may be failing, or it was unplugged",
                "look at the disk and its cable, or choose another disk"
            )
        case .tooManySymbolicLinkLevels:
            (
                "it is a symbolic link, and links are not followed here",
                "replace it with the actual file or folder"
            )
        case .notDirectory:
            ("a part of the path is a file, not a folder", "check the path")
        case .isDirectory:
            ("it is a folder", "check the path")
        case .fileExists, .directoryNotEmpty:
            ("this name already exists", "choose another name, or move it out of the way")
        case .fileNameTooLong:
            ("the name is too long for this file system", "choose a shorter name")
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
            ("too many files are open", "close other programs, or raise the limit (ulimit -n), and try again")
        case .noSuchAddressOrDevice, .operationNotSupportedByDevice:
            ("the disk is gone", "plug it in again and run the same command again")
        case .staleNFSFileHandle:
            ("the network folder was lost", "mount it again and run the same command again")
        case .outOfRange:
            ("there are more files than a backup can have", "check that this is the folder of a backup")
        default:
            (number.description, "resolve this and run the same command again")
        }
    }
}
