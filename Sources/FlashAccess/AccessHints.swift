/// The limits of an access method and its advice. Operations quote these texts, so they need not know any access
/// method.
///
/// Each text is one line. A clause begins in lower case and has no full stop: `start an initramfs`.
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

    /// Why this access method cannot write flash; clauses.
    package var noWriter: Limit
    /// Why OOB bytes cannot be read; sentences.
    package var noOOB: Limit
    /// What to do if the size of pages and OOB areas is unknown; a sentence.
    package var unknownPages: String
    /// What to do if the survey found no flash; a sentence.
    package var noFlash: String
    /// What to do if a chip's size is unknown; a sentence.
    package var unknownSize: String
    /// What to do if the running system uses a partition; a clause.
    package var inUse: String
    /// Why a partition is read-only; clauses.
    package var readOnly: Limit
    /// What to do if the bad blocks are unknown; a clause.
    package var unknownBadBlocks: String
    /// Where to find better tools if the board's own cannot write a partition; a clause.
    package var betterTools: String
    /// What to do if the board's system no longer starts but its bootloader does; a clause.
    package var noSystem: String

    package init(
        noWriter: Limit, noOOB: Limit, unknownPages: String, noFlash: String, unknownSize: String = "", inUse: String,
        readOnly: Limit, unknownBadBlocks: String, betterTools: String, noSystem: String
    ) {
        self.noWriter = noWriter
        self.noOOB = noOOB
        self.unknownPages = unknownPages
        self.noFlash = noFlash
        self.unknownSize = unknownSize
        self.inUse = inUse
        self.readOnly = readOnly
        self.unknownBadBlocks = unknownBadBlocks
        self.betterTools = betterTools
        self.noSystem = noSystem
    }
}
