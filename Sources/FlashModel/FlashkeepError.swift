/// What went wrong, in the three parts that a person needs: what failed and where, why, and what to do next.
///
/// Errors compare by ``code``, so that a test or a caller can ask which error it is without reading its words.
package struct FlashkeepError: Error, Sendable, Equatable {
    /// Which error it is. Stable between versions; faces map it to an exit status.
    package enum Code: String, Sendable, Codable, CaseIterable {
        // The way to the board.
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
        /// Something comes from the board, but not what was waited for, and the limit is reached.
        case noReplyInTime = "no-reply-in-time"
        case boardLost = "board-lost"
        case replyNotUnderstood = "reply-not-understood"
        /// Who answers is a bootloader where a system was looked for.
        case bootloaderAnswers = "bootloader-answers"

        // What the board is.
        case notRoot = "not-root"
        case noMTD = "no-mtd"
        case noPartitions = "no-partitions"
        case partitionVanished = "partition-vanished"
        case layoutChanged = "layout-changed"
        case toolMissing = "tool-missing"
        case unreadable = "unreadable"
        case commandFailed = "command-failed"
        case writeFailed = "write-failed"

        // What is on this computer.
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
        /// The user was asked, and did not say yes.
        case notConfirmed = "not-confirmed"
        case interrupted
        case internalFault = "internal-fault"

        /// Whether a reply did not come: the same may be asked again.
        package var isLostReply: Bool { self == .boardSilent || self == .noReplyInTime }
    }

    /// Which error it is.
    package var code: Code
    /// What failed, and where: the board, partition and offset as far as they are known. One line.
    package var what: String
    /// Why it failed, as far as it is known. One line.
    package var why: String
    /// What the user can do next. One line.
    package var next: String

    /// Makes an error; each text is one line without a final full stop being required.
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
    /// The three lines as a terminal shows them.
    package var description: String {
        "\(what)\n  why:  \(why)\n  next: \(next)"
    }
}
