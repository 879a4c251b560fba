/// What a way in says of its own limits, and what it advises. Operations quote it, so that they need not know any way in.
///
/// Each text is one line. Those called clauses begin in lower case and have no full stop: `start an initramfs`.
package struct AccessHints: Sendable, Hashable {
    /// A limit, and what would remove it.
    package struct Limit: Sendable, Hashable {
        package var why: String
        package var next: String

        package init(why: String, next: String) {
            self.why = why
            self.next = next
        }
    }

    /// Why nothing here writes flash; clauses.
    package var noWriter: Limit
    /// Why OOB bytes cannot be read; sentences.
    package var noOOB: Limit
    /// What to do if the size of pages and of their OOB bytes is unknown; a sentence.
    package var unknownPages: String
    /// What to do if the survey found no flash; a sentence.
    package var noFlash: String
    /// What to do if the running system uses a partition; a clause.
    package var inUse: String
    /// Why a partition is read-only; clauses.
    package var readOnly: Limit
    /// What to do if nothing lists the bad blocks; a clause.
    package var unknownBadBlocks: String
    /// Where to find better tools if those of the board cannot write a partition; a clause.
    package var betterTools: String
    /// What to do if the board's system no longer starts and its bootloader does; a clause.
    package var noSystem: String

    package init(
        noWriter: Limit, noOOB: Limit, unknownPages: String, noFlash: String, inUse: String, readOnly: Limit,
        unknownBadBlocks: String, betterTools: String, noSystem: String
    ) {
        self.noWriter = noWriter
        self.noOOB = noOOB
        self.unknownPages = unknownPages
        self.noFlash = noFlash
        self.inUse = inUse
        self.readOnly = readOnly
        self.unknownBadBlocks = unknownBadBlocks
        self.betterTools = betterTools
        self.noSystem = noSystem
    }
}
