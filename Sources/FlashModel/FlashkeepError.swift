/// An error in the three parts that a person needs: what failed and where, why, and what to do next.
///
/// Errors compare by ``code``, so that a test or a caller can identify an error without parsing its text.
package struct FlashkeepError: Error, Sendable, Equatable {
    /// Identifies the error. Stable between versions; user interfaces map it to an exit status.
    package enum Code: String, Sendable, Codable, CaseIterable {
        // The connection to the board.
        case addressNotUnderstood = "address-not-understood"
        case hostNotFound = "host-not-found"
        case connectionRefused = "connection-refused"
        case hostUnreachable = "host-unreachable"
        case hostKeyChanged = "host-key-changed"
        case hostKeyUnknown = "host-key-unknown"
        case authenticationFailed = "authentication-failed"
        case passwordNeeded = "password-needed"
        case programMissing = "program-missing"
        case portUnavailable = "port-unavailable"
        case boardSilent = "board-silent"
        /// The board sends something, but not the expected reply, until the time limit is reached.
        case noReplyInTime = "no-reply-in-time"
        case boardLost = "board-lost"
        case replyNotUnderstood = "reply-not-understood"
        /// A bootloader answers where an operating system was expected.
        case bootloaderAnswers = "bootloader-answers"

        // The board itself.
        case notRoot = "not-root"
        case noMTD = "no-mtd"
        case noPartitions = "no-partitions"
        case partitionVanished = "partition-vanished"
        case layoutChanged = "layout-changed"
        case toolMissing = "tool-missing"
        case unreadable = "unreadable"
        case commandFailed = "command-failed"
        case writeFailed = "write-failed"

        // Files on this computer.
        case diskFull = "disk-full"
        case targetExists = "target-exists"
        case fileUnavailable = "file-unavailable"
        case otherBackupInProgress = "other-backup-in-progress"
        case imageUnsuitable = "image-unsuitable"

        // The backup itself.
        case notABag = "not-a-bag"
        case bagIncomplete = "bag-incomplete"
        case bagDamaged = "bag-damaged"
        case bagUnsafePath = "bag-unsafe-path"
        case manifestTooNew = "manifest-too-new"
        case manifestInvalid = "manifest-invalid"

        case usage
        /// The user was asked for confirmation and did not give it.
        case notConfirmed = "not-confirmed"
        case interrupted
        case internalFault = "internal-fault"

        /// Whether a reply is missing, so that the same request may be repeated.
        package var isLostReply: Bool { self == .boardSilent || self == .noReplyInTime }
    }

    /// Identifies the error.
    package var code: Code
    /// What failed, and where: the board, partition and offset as far as known. One line.
    package var what: String
    /// Why it failed, as far as known. One line.
    package var why: String
    /// What the user can do next. One line.
    package var next: String
    /// The board's last output, if that is the reason; nil if there was none, or it does not matter.
    package var lastOutput: String?

    /// Makes an error; each text is one line, and need not end with a full stop.
    package init(_ code: Code, what: String, why: String, next: String) {
        self.code = code
        self.what = what
        self.why = why
        self.next = next
    }

    package static func == (left: FlashkeepError, right: FlashkeepError) -> Bool {
        left.code == right.code
    }
}

extension FlashkeepError: CustomStringConvertible {
    /// The three lines as shown on a terminal.
    package var description: String {
        "\(what)\n  why:  \(why)\n  next: \(next)"
    }
}
